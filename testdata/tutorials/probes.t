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
  pod/liveness-exec created
  $ kctl clock advance 25s >/dev/null
  $ kubectl get pod liveness-exec
  NAME            READY   STATUS    RESTARTS   AGE
  liveness-exec   1/1     Running   0          25s
  $ kubectl exec liveness-exec -- ls /tmp
  healthy
  $ kctl clock advance 25s >/dev/null
  $ kubectl events --for pod/liveness-exec --types=Warning | cut -c1-140
  LAST SEEN          TYPE      REASON      OBJECT              MESSAGE
  5s (x3 over 15s)   Warning   Unhealthy   Pod/liveness-exec   Liveness probe failed: cat: can't open '/tmp/healthy': No such file or director
  $ kctl clock advance 50s >/dev/null
  $ kubectl get pod liveness-exec
  NAME            READY   STATUS    RESTARTS      AGE
  liveness-exec   1/1     Running   1 (25s ago)   100s
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
  pod/page created
  $ kctl clock advance 10s >/dev/null
  $ kubectl get pod page
  NAME   READY   STATUS    RESTARTS   AGE
  page   0/1     Running   0          10s
  $ kubectl events --for pod/page --types=Warning | tail -1 | awk '{$1=""; print}'
   (x5 over 8s) Warning Unhealthy Pod/page Readiness probe failed: HTTP probe failed with statuscode: 404
  $ kubectl exec page -- sh -c 'echo yes > /usr/share/nginx/html/ready.html'
  $ kubectl wait --for=condition=Ready pod/page --timeout=10s
  pod/page condition met
  $ kubectl exec page -- rm /usr/share/nginx/html/ready.html
  $ kctl clock advance 10s >/dev/null
  $ kubectl get pod page
  NAME   READY   STATUS    RESTARTS   AGE
  page   0/1     Running   0          22s
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
  pod/port created
  $ kctl clock advance 10s >/dev/null
  $ kubectl get pod port
  NAME   READY   STATUS    RESTARTS   AGE
  port   0/1     Running   0          10s
  $ kubectl events --for pod/port --types=Warning | tail -1 | sed 's/.*Readiness/Readiness/'
  Readiness probe failed: dial tcp 10.244.2.3:8080: connect: connection refused
