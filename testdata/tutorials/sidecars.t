# Sidecars: one that shows the log file of its neighbour, and one beside a job.
# kctl: seed=1

  $ kubectl apply -f - <<'E'
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
  > E
  pod/counter created
  $ kctl clock advance 10s >/dev/null
  $ kubectl logs counter count-log-1 | head -3
  0: Thu Jan  1 00:00:02 UTC 2026
  1: Thu Jan  1 00:00:03 UTC 2026
  2: Thu Jan  1 00:00:04 UTC 2026
  $ kubectl logs counter count-log-2 | tail -1
  Thu Jan  1 00:00:10 UTC 2026 INFO 8
  $ kubectl logs counter
  Defaulted container "count" out of: count, count-log-1, count-log-2
  $ kubectl exec counter -c count-log-1 -- wc -l /var/log/1.log
  9 /var/log/1.log
# A sidecar is an init container that goes on.
  $ kubectl apply -f - <<'E'
  > apiVersion: batch/v1
  > kind: Job
  > metadata: {name: myjob}
  > spec:
  >   template:
  >     spec:
  >       containers:
  >       - name: myjob
  >         image: alpine:latest
  >         command: ['sh', '-c', 'echo "logging" > /opt/logs.txt']
  >         volumeMounts: [{name: data, mountPath: /opt}]
  >       initContainers:
  >       - name: logshipper
  >         image: alpine:latest
  >         restartPolicy: Always
  >         command: ['sh', '-c', 'tail -F /opt/logs.txt']
  >         volumeMounts: [{name: data, mountPath: /opt}]
  >       restartPolicy: Never
  >       volumes: [{name: data, emptyDir: {}}]
  > E
  job.batch/myjob created
  $ kctl clock advance 5s >/dev/null
  $ kubectl get pods -l job-name=myjob
  NAME          READY   STATUS      RESTARTS   AGE
  myjob-\w+   1/2     Completed   0          5s (re)
# It ends after the grace period, since the first process of a container ignores the signal, and the job with it.
  $ kubectl wait --for=condition=Complete job/myjob --timeout=60s
  job.batch/myjob condition met
  $ kubectl get job myjob
  NAME    STATUS     COMPLETIONS   DURATION   AGE
  myjob   Complete   1/1           33s        33s
  $ kubectl get pods -l job-name=myjob -o jsonpath='{.items[0].status.phase} {.items[0].status.initContainerStatuses[0].state.terminated.exitCode}'; echo
  Succeeded 137
  $ kubectl logs job/myjob -c logshipper
  tail: can't open '/opt/logs.txt': No such file or directory
  logging
