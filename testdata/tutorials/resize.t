# Resizes of running pods: of containers, and of the pod whose limits they inherit.
# kctl: seed=1 profile=kind

  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: resize-demo}
  > spec:
  >   containers:
  >   - name: pause
  >     image: registry.k8s.io/pause:3.8
  >     resizePolicy:
  >     - {resourceName: cpu, restartPolicy: NotRequired}
  >     - {resourceName: memory, restartPolicy: RestartContainer}
  >     resources:
  >       limits: {memory: 200Mi, cpu: 700m}
  >       requests: {memory: 200Mi, cpu: 700m}
  > ---
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: pod-level-resize-demo}
  > spec:
  >   resources:
  >     requests: {cpu: 200m, memory: 200Mi}
  >     limits: {cpu: 200m, memory: 200Mi}
  >   containers:
  >   - name: pause
  >     image: registry.k8s.io/pause:3.9
  >     resizePolicy:
  >     - {resourceName: cpu, restartPolicy: NotRequired}
  >     - {resourceName: memory, restartPolicy: RestartContainer}
  >     resources: {requests: {cpu: 100m, memory: 100Mi}}
  >   - name: nginx-server
  >     image: registry.k8s.io/nginx:latest
  >     resizePolicy:
  >     - {resourceName: cpu, restartPolicy: RestartContainer}
  >     - {resourceName: memory, restartPolicy: RestartContainer}
  > E
  pod/resize-demo created
  pod/pod-level-resize-demo created
  $ kubectl wait --for=condition=Ready pod --all
  pod/pod-level-resize-demo condition met
  pod/resize-demo condition met
  $ resize() { kubectl patch pod $1 --subresource resize --patch "{\"spec\":$2}" && kctl clock advance 5s >/dev/null; }
  $ show() { kubectl get pod $1 -o jsonpath='{range .status.containerStatuses[*]}{.name}: {.resources} {.restartCount}{"\n"}{end}'; }
# More CPU comes without a restart, more memory with one.
  $ resize resize-demo '{"containers":[{"name":"pause","resources":{"requests":{"cpu":"800m"},"limits":{"cpu":"800m"}}}]}'
  pod/resize-demo patched
  $ show resize-demo
  pause: {"limits":{"cpu":"800m","memory":"200Mi"},"requests":{"cpu":"800m","memory":"200Mi"}} 0
  $ resize resize-demo '{"containers":[{"name":"pause","resources":{"requests":{"memory":"300Mi"},"limits":{"memory":"300Mi"}}}]}'
  pod/resize-demo patched
  $ show resize-demo
  pause: {"limits":{"cpu":"800m","memory":"300Mi"},"requests":{"cpu":"800m","memory":"300Mi"}} 1
  $ kubectl get events --field-selector involvedObject.name=resize-demo -o custom-columns=MESSAGE:.message --no-headers | grep 'resize '
  Pod resize started: {"containers":[{"name":"pause","resources":{"limits":{"cpu":"800m","memory":"200Mi"},"requests":{"cpu":"800m","memory":"200Mi"}}}],"generation":2}
  Pod resize completed: {"containers":[{"name":"pause","resources":{"limits":{"cpu":"800m","memory":"200Mi"},"requests":{"cpu":"800m","memory":"200Mi"}}}],"generation":2}
  Pod resize started: {"containers":[{"name":"pause","resources":{"limits":{"cpu":"800m","memory":"300Mi"},"requests":{"cpu":"800m","memory":"300Mi"}}}],"generation":3}
  Container pause resize requires restart
  Pod resize completed: {"containers":[{"name":"pause","resources":{"limits":{"cpu":"800m","memory":"300Mi"},"requests":{"cpu":"800m","memory":"300Mi"}}}],"generation":3}
# What no node could ever grant is refused.
  $ resize resize-demo '{"containers":[{"name":"pause","resources":{"requests":{"cpu":"1000"},"limits":{"cpu":"1000"}}}]}'
  Error from server (Forbidden): pods "resize-demo" is forbidden: node didn't have enough allocatable resources: cpu, requested: 1000000, allocatable: 8000
  [1]
# The second container has no limit of its own: the one of the pod bounds it, and its policy asks for a restart.
  $ resize pod-level-resize-demo '{"resources":{"requests":{"cpu":"300m"},"limits":{"cpu":"300m"}}}'
  pod/pod-level-resize-demo patched
  $ kubectl get pod pod-level-resize-demo -o jsonpath='{.spec.resources}{"\n"}{.status.resources}{"\n"}'
  {"limits":{"cpu":"300m","memory":"200Mi"},"requests":{"cpu":"300m","memory":"200Mi"}}
  {"limits":{"cpu":"300m","memory":"200Mi"},"requests":{"cpu":"300m","memory":"200Mi"}}
  $ show pod-level-resize-demo
  nginx-server: {} 1
  pause: {"requests":{"cpu":"100m","memory":"100Mi"}} 0
  $ resize pod-level-resize-demo '{"containers":[{"name":"pause","resources":{"requests":{"cpu":"400m"}}}]}'
  The Pod "pod-level-resize-demo" is invalid: spec.resources.requests[cpu]: Invalid value: "300m": must be greater than or equal to aggregate container requests of 400m
  [1]
