# Looking into pods: commands, ephemeral containers, copies, and the node.
# kctl: seed=1

  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: shell-demo}
  > spec:
  >   volumes: [{name: shared-data, emptyDir: {}}]
  >   containers:
  >   - name: nginx
  >     image: nginx
  >     volumeMounts: [{name: shared-data, mountPath: /usr/share/nginx/html}]
  > E
  $ kubectl wait --for=condition=Ready pod/shell-demo
  $ kubectl exec -i shell-demo -- /bin/bash <<'E'
  > ls /
  > echo 'Hello shell demo' > /usr/share/nginx/html/index.html
  > curl -s http://localhost/
  > E
  $ kubectl exec shell-demo -- cat /proc/1/comm
  $ kubectl exec shell-demo -- sh -c 'exit 42'
  $ kubectl exec shell-demo -- nosuch 2>&1 | sed 's/start exec "[0-9a-f]*"/start exec "ID"/'
  $ kubectl exec shell-demo -c none -- ls
# A pod whose image has no shell gets a container that has one.
  $ kubectl run ephemeral-demo --image=registry.k8s.io/pause:3.10 --restart=Never && kubectl wait --for=condition=Ready pod/ephemeral-demo
  $ kubectl exec ephemeral-demo -- sh 2>&1 | grep -o 'exec: "sh": .*'
  $ kubectl debug ephemeral-demo -i -q --image=busybox:1.28 -c debugger --target=ephemeral-demo -- sh <<'E'
  > ps
  > hostname
  > E
  $ kubectl logs ephemeral-demo -c debugger
# A copy with another command.
  $ kubectl run myapp --image=busybox:1.28 -- false
  $ kctl clock advance 30s >/dev/null
  $ kubectl get pod myapp
  $ kubectl debug myapp -i -q --copy-to=myapp-debug --container=myapp -- sh -c 'echo in the copy; id -u'
# A pod on a node sees the files of the node.
  $ kubectl debug node/k8s-node1 -i -q --image=ubuntu -- sh -c 'ls -d /host/etc /host/var; hostname'
