# What can be changed of a pod that runs: its image, with a restart of that container alone.
# kctl: seed=1 profile=kind nodes=2

  $ kubectl apply -f - <<'X'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: web, labels: {app: web}}
  > spec:
  >   containers:
  >   - {name: nginx, image: "nginx:1.27"}
  >   - {name: log, image: "busybox:1.28", command: [sh, -c, "trap 'echo stopped; exit 0' TERM; while true; do sleep 1; done"]}
  > X
  pod/web created
  $ kubectl wait --for=condition=Ready pod/web
  pod/web condition met
  $ kubectl set image pod/web nginx=nginx:1.28
  pod/web image updated
  $ kctl clock advance 10s >/dev/null
  $ kubectl get pod web
  NAME   READY   STATUS    RESTARTS     AGE
  web    2/2     Running   1 (9s ago)   13s
  $ kubectl get pod web -o jsonpath='{range .status.containerStatuses[*]}{.name} {.image} {.restartCount}{"\n"}{end}'
  log docker.io/library/busybox:1.28 0
  nginx docker.io/library/nginx:1.28 1
  $ kubectl get events --field-selector involvedObject.name=web,reason=Killing -o custom-columns=MESSAGE:.message
  MESSAGE
  Container nginx definition changed, will be restarted
  $ kubectl patch pod web -p '{"spec":{"containers":[{"name":"log","image":"busybox:1.36"}]}}'
  pod/web patched
  $ kctl clock advance 10s >/dev/null
  $ kubectl logs web -c log --previous
  stopped
# An image that does not exist keeps the container waiting, until another one is set.
  $ kubectl set image pod/web nginx=nginx:1.91
  pod/web image updated
  $ kctl clock advance 5s >/dev/null
  $ kubectl get pod web -o jsonpath='{.status.containerStatuses[1].state.waiting.reason}'; echo
  ImagePullBackOff
  $ kubectl set image pod/web nginx=nginx:1.28
  pod/web image updated
  $ kctl clock advance 5s >/dev/null
  $ kubectl get pod web -o jsonpath='{.status.phase} {.status.conditions[?(@.type=="Ready")].status}'; echo
  Running True
# Names, commands and most else cannot be changed.
  $ kubectl patch pod web -p '{"spec":{"containers":[{"name":"other","image":"nginx"}]}}'
  The Pod "web" is invalid: spec.containers: Forbidden: pod updates may not add or remove containers
  [1]
