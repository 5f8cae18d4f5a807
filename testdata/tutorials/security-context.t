# The security context of a pod: its user and groups, those of the image, and the demand not to run as root.
# kctl: seed=1 profile=kind

  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: security-context-demo}
  > spec:
  >   securityContext:
  >     runAsUser: 1000
  >     runAsGroup: 3000
  >     fsGroup: 2000
  >     supplementalGroups: [4000]
  >   volumes: [{name: sec-ctx-vol, emptyDir: {}}]
  >   containers:
  >   - name: sec-ctx-demo
  >     image: registry.k8s.io/e2e-test-images/agnhost:2.45
  >     command: ["sh", "-c", "sleep 1h"]
  >     volumeMounts: [{name: sec-ctx-vol, mountPath: /data/demo}]
  > E
  pod/security-context-demo created
  $ kubectl wait --for=condition=Ready pod/security-context-demo
  pod/security-context-demo condition met
# The image makes its user 1000 a member of a group of its own.
  $ kubectl exec security-context-demo -- sh -c 'cd /data/demo; echo hello > testfile; ls -l; id; tail -1 /etc/group'
  total 4
  -rw-r--r--    1 user-def 2000             6 Jan  1 00:00 testfile
  uid=1000(user-defined-in-image) gid=3000 groups=2000,3000,4000,50000(group-defined-in-image)
  group-defined-in-image:x:50000:user-defined-in-image
  $ kubectl get pod security-context-demo -o yaml | sed -e 's/security-context-demo/strict/; s/    supplementalGroups:/    supplementalGroupsPolicy: Strict\n&/' -e '/nodeName/d; /^status/,$d' | kubectl create -f -
  pod/strict created
  $ kubectl wait --for=condition=Ready pod/strict
  pod/strict condition met
  $ kubectl exec strict -- id -G
  3000 2000 4000
# An image that runs as root does not start in a pod that forbids it.
  $ kubectl run rooted --image=nginx:1.25 --overrides='{"spec":{"securityContext":{"runAsNonRoot":true}}}'
  pod/rooted created
  $ kctl clock advance 10s >/dev/null
  $ kubectl get pod rooted
  NAME     READY   STATUS                       RESTARTS   AGE
  rooted   0/1     CreateContainerConfigError   0          10s
  $ kubectl get events --field-selector reason=Failed -o custom-columns=MESSAGE:.message | cut -d'(' -f1
  MESSAGE
  Error: container has runAsNonRoot and image will run as root 
  $ kubectl set image pod/rooted rooted=nginxinc/nginx-unprivileged:1.25
  pod/rooted image updated
  $ kubectl wait --for=condition=Ready pod/rooted
  pod/rooted condition met
  $ kubectl exec rooted -- id
  uid=101(nginx) gid=101(nginx) groups=101(nginx)
# What a container runs as is in the status of the pod.
  $ kubectl get pod security-context-demo strict -o jsonpath='{range .items[*]}{.status.containerStatuses[0].user.linux}{"\n"}{end}'
  {"gid":3000,"supplementalGroups":[2000,3000,4000,50000],"uid":1000}
  {"gid":3000,"supplementalGroups":[2000,3000,4000],"uid":1000}
  $ kubectl get node kind-control-plane -o jsonpath='{.status.features}{"\n"}'
  {"supplementalGroupsPolicy":true}
