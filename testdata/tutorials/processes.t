# Processes: who sees them, whose they are, and what they may do.
# kctl: seed=1

  $ kctl store reset --node cpu=1 >/dev/null
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: nginx}
  > spec:
  >   shareProcessNamespace: true
  >   containers:
  >   - {name: nginx, image: nginx}
  >   - name: shell
  >     image: busybox:1.28
  >     command: [sleep, "3600"]
  >     securityContext: {capabilities: {add: [SYS_PTRACE]}}
  >     stdin: true
  >     tty: true
  > E
  pod/nginx created
  $ kubectl wait --for=condition=Ready pod/nginx
  pod/nginx condition met
  $ kubectl exec nginx -c shell -- ps ax
  PID   USER     TIME  COMMAND
      1 root      0:00 /pause
      8 root      0:00 nginx: master process nginx -g daemon off;
     14 101       0:00 nginx: worker process
     15 root      0:00 sleep 3600
     16 root      0:00 ps ax
  $ kubectl exec nginx -c shell -- kill -HUP 8
  $ kubectl exec nginx -c shell -- ps ax | grep nginx
      8 root      0:00 nginx: master process nginx -g daemon off;
     18 101       0:00 nginx: worker process
  $ kubectl exec nginx -c shell -- head -3 /proc/8/root/etc/nginx/nginx.conf
  
  user  nginx;
  worker_processes  auto;
  $ kubectl logs nginx -c nginx | tail -1 | cut -d' ' -f3-
  [notice] 8#8: start worker process 18
# A debugger joins the processes of its target.
  $ kubectl run target --image=registry.k8s.io/pause:3.1 --restart=Never && kubectl wait --for=condition=Ready pod/target
  pod/target created
  pod/target condition met
  $ echo ps | kubectl debug -q -i target --image=busybox:1.28 --target=target
  PID   USER     TIME  COMMAND
      1 65535     0:00 /pause
      2 root      0:00 sh
      3 root      0:00 ps
# Users, groups and capabilities.
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: security-context-demo}
  > spec:
  >   securityContext: {runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000, supplementalGroups: [4000]}
  >   volumes: [{name: sec-ctx-vol, emptyDir: {}}]
  >   containers:
  >   - name: sec-ctx-demo
  >     image: busybox:1.28
  >     command: [sh, -c, sleep 1h]
  >     volumeMounts: [{name: sec-ctx-vol, mountPath: /data/demo}]
  > ---
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: security-context-demo-2}
  > spec:
  >   securityContext: {runAsUser: 1000}
  >   containers:
  >   - {name: sec-ctx-demo-2, image: 'gcr.io/google-samples/hello-app:2.0', securityContext: {runAsUser: 2000}}
  > ---
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: security-context-demo-4}
  > spec:
  >   containers:
  >   - name: sec-ctx-4
  >     image: gcr.io/google-samples/hello-app:2.0
  >     securityContext: {capabilities: {add: [NET_ADMIN, SYS_TIME]}}
  > E
  pod/security-context-demo created
  pod/security-context-demo-2 created
  pod/security-context-demo-4 created
  $ kctl clock advance 5s >/dev/null
  $ kubectl exec -i security-context-demo -- sh <<'E'
  > ps
  > cd /data
  > ls -l
  > cd demo
  > echo hello > testfile
  > ls -l
  > id
  > grep Cap /proc/1/status
  > E
  PID   USER     TIME  COMMAND
      1 1000      0:00 sleep 1h
      2 1000      0:00 sh
      3 1000      0:00 ps
  total 4
  drwxrwsrwx    2 root     2000          4096 Jan  1 00:00 demo
  total 4
  -rw-r--r--    1 1000     2000             6 Jan  1 00:00 testfile
  uid=1000 gid=3000 groups=2000,3000,4000
  CapInh:	0000000000000000
  CapPrm:	0000000000000000
  CapEff:	0000000000000000
  CapBnd:	00000000a80425fb
  CapAmb:	0000000000000000
  $ kubectl exec security-context-demo-2 -- ps aux
  PID   USER     TIME  COMMAND
      1 2000      0:00 ./hello-app
      2 2000      0:00 ps aux
  $ kubectl exec security-context-demo-4 -- grep Cap /proc/1/status
  CapInh:	0000000000000000
  CapPrm:	00000000aa0435fb
  CapEff:	00000000aa0435fb
  CapBnd:	00000000aa0435fb
  CapAmb:	0000000000000000
# Root of a user namespace is somebody else on the node.
  $ kubectl run userns --image=debian --overrides='{"spec": {"hostUsers": false}}' --command -- sleep infinity
  pod/userns created
  $ kubectl wait --for=condition=Ready pod/userns
  pod/userns condition met
  $ kubectl exec userns -- cat /proc/self/uid_map
           0  512753664      65536
  $ kubectl exec userns -- readlink /proc/self/ns/user
  user:[4026539664]
  $ kubectl exec security-context-demo -- sh -c 'readlink /proc/self/ns/user; cat /proc/self/uid_map'
  user:[4026531837]
           0          0 4294967295
