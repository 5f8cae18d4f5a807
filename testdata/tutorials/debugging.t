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
  pod/shell-demo created
  $ kubectl wait --for=condition=Ready pod/shell-demo
  pod/shell-demo condition met
  $ kubectl exec -i shell-demo -- /bin/bash <<'E'
  > ls /
  > echo 'Hello shell demo' > /usr/share/nginx/html/index.html
  > curl -s http://localhost/
  > E
  bin
  boot
  dev
  docker-entrypoint.d
  docker-entrypoint.sh
  etc
  home
  lib
  media
  mnt
  opt
  proc
  root
  run
  sbin
  srv
  sys
  tmp
  usr
  var
  Hello shell demo
  $ kubectl exec shell-demo -- sh -c 'exit 42'
  command terminated with exit code 42
  [42]
  $ kubectl exec shell-demo -- nosuch 2>&1 | sed 's/start exec "[0-9a-f]*"/start exec "ID"/'
  error: Internal error occurred: Internal error occurred: error executing command in container: failed to exec in container: failed to start exec "ID": OCI runtime exec failed: exec failed: unable to start container process: exec: "nosuch": executable file not found in $PATH
  $ kubectl exec shell-demo -c none -- ls
  error: container none is not valid for pod shell-demo out of: nginx
  [1]
# A pod whose image has no shell gets a container that has one.
  $ kubectl run ephemeral-demo --image=registry.k8s.io/pause:3.10 --restart=Never && kubectl wait --for=condition=Ready pod/ephemeral-demo
  pod/ephemeral-demo created
  pod/ephemeral-demo condition met
  $ kubectl exec ephemeral-demo -- sh 2>&1 | grep -o 'exec: "sh": .*'
  exec: "sh": executable file not found in $PATH
  $ kubectl debug ephemeral-demo -i -q --image=busybox:1.28 -c debugger --target=ephemeral-demo -- sh <<'E'
  > hostname
  > wget -q -O /dev/null localhost || echo nothing listens
  > E
  ephemeral-demo
  wget: can't connect to remote host (127.0.0.1): Connection refused
  nothing listens
  $ kubectl logs ephemeral-demo -c debugger
  ephemeral-demo
  wget: can't connect to remote host (127.0.0.1): Connection refused
  nothing listens
# A copy with another command.
  $ kubectl run myapp --image=busybox:1.28 -- false
  pod/myapp created
  $ kctl clock advance 30s >/dev/null
  $ kubectl get pod myapp
  NAME    READY   STATUS             RESTARTS      AGE
  myapp   0/1     CrashLoopBackOff   2 (17s ago)   30s
  $ kubectl debug myapp -i -q --copy-to=myapp-debug --container=myapp -- sh -c 'echo in the copy; id -u'
  in the copy
  0
# A pod on a node sees the files of the node.
  $ kubectl debug node/k8s-node1 -i -q --image=ubuntu -- sh -c 'ls -d /host/etc /host/var; hostname'
  /host/etc
  /host/var
  k8s-node1
# Profiles give the debugging container what it needs.
  $ kubectl run tool --image=busybox:1.28 --restart=Never -- sleep 1d
  pod/tool created
  $ kubectl wait --for=condition=Ready pod/tool
  pod/tool condition met
  $ kubectl debug tool -i -q --image=busybox:1.28 --target=tool --profile=sysadmin -- sh -c 'grep CapEff /proc/self/status'
  CapEff:	000001ffffffffff
  $ printf 'env: [{name: ENV_VAR_1, value: value_1}]\nsecurityContext: {capabilities: {add: [NET_ADMIN, SYS_TIME]}}' > custom-profile.yaml
  $ kubectl debug tool -i -q --image=busybox:1.28 --target=tool --profile=general --custom=custom-profile.yaml -- sh -c 'echo $ENV_VAR_1; grep CapEff /proc/self/status'
  value_1
  CapEff:	00000000aa0435fb
  $ kubectl get pod tool -o jsonpath='{range .spec.ephemeralContainers[*]}{.securityContext}{"\n"}{end}'
  {"privileged":true}
  {"capabilities":{"add":["NET_ADMIN","SYS_TIME"]}}
