# Hooks after the start and before the stop of a container.
# kctl: seed=1

  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: lifecycle-demo}
  > spec:
  >   containers:
  >   - name: lifecycle-demo-container
  >     image: nginx
  >     lifecycle:
  >       postStart:
  >         exec: {command: ["/bin/sh", "-c", "echo Hello from the postStart handler > /usr/share/message"]}
  >       preStop:
  >         exec: {command: ["/bin/sh", "-c", "nginx -s quit; while killall -0 nginx; do sleep 1; done"]}
  > E
  pod/lifecycle-demo created
  $ kubectl wait --for=condition=Ready pod/lifecycle-demo --timeout=60s
  pod/lifecycle-demo condition met
  $ kubectl exec lifecycle-demo -- cat /usr/share/message
  Hello from the postStart handler
  $ kubectl delete pod lifecycle-demo
  pod "lifecycle-demo" deleted from default namespace
# A hook that fails.
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: bad}
  > spec:
  >   containers:
  >   - name: web
  >     image: nginx
  >     lifecycle: {postStart: {exec: {command: [badcommand]}}}
  > E
  pod/bad created
  $ kctl clock advance 3s >/dev/null
  $ kubectl get pod bad
  NAME   READY   STATUS               RESTARTS     AGE
  bad    0/1     PostStartHookError   1 (1s ago)   3s
  $ kubectl get pod bad -o jsonpath='{.status.containerStatuses[0].state.waiting.message}' | sed 's/([0-9a-f-]*)/(uid)/; s/exec "[0-9a-f]*"/exec "id"/'
  Exec lifecycle hook ([badcommand]) for Container "web" in Pod "bad_default(uid)" failed - error: rpc error: code = Unknown desc = failed to exec in container: failed to start exec "id": OCI runtime exec failed: exec failed: unable to start container process: exec: "badcommand": executable file not found in $PATH, message: "" (no-eol)
  $ kctl clock advance 60s >/dev/null
  $ kubectl get pod bad
  NAME   READY   STATUS             RESTARTS      AGE
  bad    0/1     CrashLoopBackOff   3 (27s ago)   63s
  $ kubectl events --for pod/bad | awk '{$1=""; print}' | grep -o '[A-Za-z]*PostStart.*' | sort -u
  FailedPostStartHook
  FailedPostStartHook Pod/bad PostStartHook failed
# A hook that takes its time delays the container; one before the stop takes of the grace period.
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: slow}
  > spec:
  >   terminationGracePeriodSeconds: 20
  >   containers:
  >   - name: c
  >     image: busybox
  >     command: [sh, -c, "trap 'echo stopping; sleep 2; exit 0' TERM; while true; do sleep 1; done"]
  >     lifecycle:
  >       postStart: {sleep: {seconds: 10}}
  >       preStop: {sleep: {seconds: 5}}
  > E
  pod/slow created
  $ kctl clock advance 5s >/dev/null
  $ kubectl get pod slow
  NAME   READY   STATUS              RESTARTS   AGE
  slow   0/1     ContainerCreating   0          5s
  $ kctl clock advance 10s >/dev/null
  $ kubectl get pod slow
  NAME   READY   STATUS    RESTARTS   AGE
  slow   1/1     Running   0          15s
  $ kubectl delete pod slow --wait=false
  pod "slow" deleted from default namespace
  $ kctl clock advance 4s >/dev/null
  $ kubectl logs slow
  $ kctl clock advance 2s >/dev/null
  $ kubectl logs slow
  stopping
  $ kctl clock advance 3s >/dev/null
  $ kubectl get pod slow
  Error from server (NotFound): pods "slow" not found
  [1]
