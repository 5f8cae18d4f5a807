# Containers of a pod that share their processes, and one that is added to see those of another.
# kctl: seed=1

  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: nginx}
  > spec:
  >   shareProcessNamespace: true
  >   containers:
  >   - name: nginx
  >     image: nginx
  >   - name: shell
  >     image: busybox:1.28
  >     command: ["sleep", "3600"]
  >     securityContext: {capabilities: {add: [SYS_PTRACE]}}
  >     stdin: true
  >     tty: true
  > E
  pod/nginx created
  $ kctl clock settle >/dev/null
  $ kubectl exec nginx -c shell -- ps ax | head -4
  PID   USER     TIME  COMMAND
      1 65535     0:00 /pause
      8 root      0:00 nginx: master process nginx -g daemon off;
      9 101       0:00 nginx: worker process
  $ kubectl exec nginx -c shell -- sh -c 'kill -HUP 8; ps ax | grep -c worker.process'
  10
  $ kubectl logs nginx -c nginx | grep -o 'signal 1.*'
  signal 1 (SIGHUP) received, reconfiguring
  signal 17 (SIGCHLD) received from 9
  signal 17 (SIGCHLD) received from 10
  signal 17 (SIGCHLD) received from 11
  signal 17 (SIGCHLD) received from 12
  signal 17 (SIGCHLD) received from 13
  signal 17 (SIGCHLD) received from 14
  signal 17 (SIGCHLD) received from 15
  signal 17 (SIGCHLD) received from 16
  $ kubectl exec nginx -c shell -- head -n 4 /proc/8/root/etc/nginx/nginx.conf
  
  user  nginx;
  worker_processes  auto;
  
  $ kubectl exec nginx -c shell -- cat /etc/nginx/nginx.conf
  cat: can't open '/etc/nginx/nginx.conf': No such file or directory
  command terminated with exit code 1
  [1]
# A container for debugging sees the processes and files of its target.
  $ kubectl run web --image=nginx
  pod/web created
  $ kubectl wait --for=condition=Ready pod/web --timeout=30s
  pod/web condition met
  $ kubectl debug web --image=busybox:1.28 --target=web -c look -- sleep 1000
  Targeting container "web". If you don't see processes from this container it may be because the container runtime doesn't support this feature.
  $ kctl clock settle >/dev/null
  $ kubectl exec web -c look -- ps | head -2
  PID   USER     TIME  COMMAND
      1 root      0:00 nginx: master process nginx -g daemon off;
  $ kubectl exec web -c look -- ls /proc/1/root/usr/share/nginx/html
  50x.html
  index.html
