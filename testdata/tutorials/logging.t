# What containers print, and their last words.
# kctl: seed=1

  $ kubectl apply -f - <<'X'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: counter}
  > spec:
  >   containers:
  >   - name: count
  >     image: busybox:1.28
  >     args: [/bin/sh, -c, 'i=0; while true; do echo "$i: $(date)"; i=$((i+1)); sleep 1; done']
  > X
  pod/counter created
  $ kctl clock advance 5s >/dev/null
  $ kubectl logs counter
  0: Thu Jan  1 00:00:02 UTC 2026
  1: Thu Jan  1 00:00:03 UTC 2026
  2: Thu Jan  1 00:00:04 UTC 2026
  3: Thu Jan  1 00:00:05 UTC 2026
  $ kubectl logs counter --tail=1 --timestamps
  2026-01-01T00:00:05.000000000Z 3: Thu Jan  1 00:00:05 UTC 2026
  $ kubectl logs counter --since=2s
  1: Thu Jan  1 00:00:03 UTC 2026
  2: Thu Jan  1 00:00:04 UTC 2026
  3: Thu Jan  1 00:00:05 UTC 2026
  $ kubectl logs --previous counter
  Error from server (BadRequest): previous terminated container "count" in pod "counter" not found
  [1]
  $ kctl clock advance 24h >/dev/null
  $ kubectl logs counter -c count --tail=2
  86402: Fri Jan  2 00:00:04 UTC 2026
  86403: Fri Jan  2 00:00:05 UTC 2026
  $ kubectl delete pod counter --now
  pod "counter" deleted from default namespace
  $ kubectl apply -f - <<'X'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: counter}
  > spec:
  >   containers:
  >   - name: count
  >     image: busybox:1.28
  >     args:
  >     - /bin/sh
  >     - -c
  >     - >
  >       i=0;
  >       while true;
  >       do
  >         echo "$i: $(date)" >> /var/log/1.log;
  >         echo "$(date) INFO $i" >> /var/log/2.log;
  >         i=$((i+1));
  >         sleep 1;
  >       done
  >     volumeMounts: [{name: varlog, mountPath: /var/log}]
  >   - name: count-log-1
  >     image: busybox:1.28
  >     args: [/bin/sh, -c, 'tail -n+1 -F /var/log/1.log']
  >     volumeMounts: [{name: varlog, mountPath: /var/log}]
  >   - name: count-log-2
  >     image: busybox:1.28
  >     args: [/bin/sh, -c, 'tail -n+1 -F /var/log/2.log']
  >     volumeMounts: [{name: varlog, mountPath: /var/log}]
  >   volumes: [{name: varlog, emptyDir: {}}]
  > X
  pod/counter created
  $ kctl clock advance 4s >/dev/null
  $ kubectl logs counter count-log-1
  0: Fri Jan  2 00:00:08 UTC 2026
  1: Fri Jan  2 00:00:09 UTC 2026
  2: Fri Jan  2 00:00:10 UTC 2026
  $ kubectl logs counter count-log-2
  Fri Jan  2 00:00:08 UTC 2026 INFO 0
  Fri Jan  2 00:00:09 UTC 2026 INFO 1
  Fri Jan  2 00:00:10 UTC 2026 INFO 2
  $ kubectl logs counter
  Defaulted container "count" out of: count, count-log-1, count-log-2
  $ kubectl logs counter --all-containers --prefix --tail=1
  [pod/counter/count-log-1] 2: Fri Jan  2 00:00:10 UTC 2026
  [pod/counter/count-log-2] Fri Jan  2 00:00:10 UTC 2026 INFO 2
# A message that outlives its container.
  $ kubectl apply -f - <<'X'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: termination-demo}
  > spec:
  >   containers:
  >   - name: termination-demo-container
  >     image: debian
  >     command: ["/bin/sh"]
  >     args: ["-c", "sleep 10 && echo Sleep expired > /dev/termination-log"]
  > X
  pod/termination-demo created
  $ kctl clock advance 14s >/dev/null
  $ kubectl get pod termination-demo
  NAME               READY   STATUS    RESTARTS     AGE
  termination-demo   1/1     Running   1 (2s ago)   14s
  $ kubectl get pod termination-demo -o go-template="{{range .status.containerStatuses}}{{.lastState.terminated.message}}{{end}}"
  Sleep expired
  $ kubectl get pod termination-demo -o go-template='{{range .status.containerStatuses}}{{printf "%s:\n%s\n\n" .name .lastState.terminated.message}}{{end}}'
  termination-demo-container:
  Sleep expired
  
  
# Names of one's own in /etc/hosts.
  $ kubectl apply -f - <<'X'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: hostaliases-pod}
  > spec:
  >   restartPolicy: Never
  >   hostAliases:
  >   - {ip: "127.0.0.1", hostnames: ["foo.local", "bar.local"]}
  >   - {ip: "10.1.2.3", hostnames: ["foo.remote", "bar.remote"]}
  >   containers:
  >   - {name: cat-hosts, image: busybox:1.28, command: [cat], args: ["/etc/hosts"]}
  > X
  pod/hostaliases-pod created
  $ kctl clock advance 3s >/dev/null
  $ kubectl logs hostaliases-pod
  # Kubernetes-managed hosts file.
  127.0.0.1	localhost
  ::1	localhost ip6-localhost ip6-loopback
  fe00::0	ip6-localnet
  fe00::0	ip6-mcastprefix
  fe00::1	ip6-allnodes
  fe00::2	ip6-allrouters
  10.244.1.4	hostaliases-pod
  
  # Entries added by HostAliases.
  127.0.0.1	foo.local	bar.local
  10.1.2.3	foo.remote	bar.remote
