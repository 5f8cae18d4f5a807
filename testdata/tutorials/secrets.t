# What a container sees of Secrets.
# kctl: seed=1

  $ kubectl create secret generic db --from-literal=username=admin --from-literal=password='S!B\*d$zDsb='
  secret/db created
  $ kubectl get secret db -o jsonpath='{.data.password}'
  UyFCXCpkJHpEc2I9 (no-eol)
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: client}
  > spec:
  >   securityContext: {runAsUser: 1000, fsGroup: 2000}
  >   containers:
  >   - name: client
  >     image: busybox
  >     command: [sleep, infinity]
  >     env:
  >     - name: SECRET_USERNAME
  >       valueFrom: {secretKeyRef: {name: db, key: username}}
  >     volumeMounts:
  >     - {name: secret, mountPath: /etc/secret, readOnly: true}
  >   volumes:
  >   - name: secret
  >     secret: {secretName: db, defaultMode: 0440}
  > E
  pod/client created
  $ kubectl wait --for=condition=Ready pod/client
  pod/client condition met
  $ kubectl exec client -- printenv SECRET_USERNAME
  admin
  $ kubectl exec -i client -- sh <<'E'
  > cd /etc/secret
  > ls
  > cat password; echo
  > id
  > E
  password
  username
  S!B\*d$zDsb=
  uid=1000 gid=0(root) groups=0(root),2000
  $ kubectl exec client -- stat -L -c '%a %u:%g' /etc/secret/password
  440 0:2000
  $ kubectl exec client -- touch /etc/secret/more
  touch: /etc/secret/more: Read-only file system
  command terminated with exit code 1
  [1]
  $ kubectl exec client -- mount | grep secret
  tmpfs on /etc/secret type tmpfs (ro,relatime)
  tmpfs on /var/run/secrets/kubernetes.io/serviceaccount type tmpfs (ro,relatime)
# A token of the service account is there, too.
  $ kubectl exec client -- ls /var/run/secrets/kubernetes.io/serviceaccount
  ca.crt
  namespace
  token
  $ kubectl exec client -- cat /var/run/secrets/kubernetes.io/serviceaccount/namespace
  default (no-eol)
# A pod that needs a Secret that does not exist does not start.
  $ kubectl run waits --image=busybox --overrides='{"spec":{"containers":[{"name":"waits","image":"busybox","env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"later","key":"a"}}}],"command":["sh","-c","echo got $A; sleep 60"]}]}}'
  pod/waits created
  $ kctl clock advance 10s >/dev/null
  $ kubectl get pod waits
  NAME    READY   STATUS                       RESTARTS   AGE
  waits   0/1     CreateContainerConfigError   0          10s
  $ kubectl exec waits -- ls
  error: Internal error occurred: unable to upgrade connection: container not found ("waits")
  [1]
  $ kubectl create secret generic later --from-literal=a=it
  secret/later created
  $ kubectl wait --for=condition=Ready pod/waits
  pod/waits condition met
  $ kubectl logs waits
  got it
