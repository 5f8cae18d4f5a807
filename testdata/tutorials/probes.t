# Probes run in the container: a file that vanishes, a page that does not exist, a slow start.
# kctl: seed=1

  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: liveness-exec}
  > spec:
  >   containers:
  >   - name: liveness
  >     image: registry.k8s.io/busybox:1.27.2
  >     args: [/bin/sh, -c, touch /tmp/healthy; sleep 30; rm -f /tmp/healthy; sleep 600]
  >     livenessProbe:
  >       exec: {command: [cat, /tmp/healthy]}
  >       initialDelaySeconds: 5
  >       periodSeconds: 5
  > E
  $ kctl clock advance 25s >/dev/null
  $ kubectl get pod liveness-exec
  $ kubectl exec liveness-exec -- ls /tmp
  $ kctl clock advance 25s >/dev/null
  $ kubectl events --for pod/liveness-exec --types=Warning | cut -c1-140
  $ kctl clock advance 50s >/dev/null
  $ kubectl get pod liveness-exec
# Readiness over HTTP.
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: page}
  > spec:
  >   containers:
  >   - name: nginx
  >     image: nginx
  >     ports: [{name: http, containerPort: 80}]
  >     readinessProbe:
  >       httpGet: {path: /ready.html, port: http}
  >       periodSeconds: 2
  > E
  $ kctl clock advance 10s >/dev/null
  $ kubectl get pod page
  $ kubectl events --for pod/page --types=Warning | tail -1 | awk '{$1=""; print}'
  $ kubectl exec page -- sh -c 'echo yes > /usr/share/nginx/html/ready.html'
  $ kubectl wait --for=condition=Ready pod/page --timeout=10s
  $ kubectl exec page -- rm /usr/share/nginx/html/ready.html
  $ kctl clock advance 10s >/dev/null
  $ kubectl get pod page
# Readiness of a port.
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: port}
  > spec:
  >   containers:
  >   - name: nginx
  >     image: nginx
  >     readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 2}
  > E
  $ kctl clock advance 10s >/dev/null
  $ kubectl get pod port
  $ kubectl events --for pod/port --types=Warning | tail -1 | sed 's/.*Readiness/Readiness/'
