# Connecting applications: endpoints, variables, names and pages.
# kctl: seed=1

  $ kubectl apply -f - <<'E'
  > apiVersion: apps/v1
  > kind: Deployment
  > metadata: {name: my-nginx}
  > spec:
  >   selector: {matchLabels: {run: my-nginx}}
  >   replicas: 2
  >   template:
  >     metadata: {labels: {run: my-nginx}}
  >     spec: {containers: [{name: my-nginx, image: nginx, ports: [{containerPort: 80}]}]}
  > E
  deployment.apps/my-nginx created
  $ kubectl rollout status deployment/my-nginx
  Waiting for deployment "my-nginx" rollout to finish: 0 of 2 updated replicas are available...
  Waiting for deployment "my-nginx" rollout to finish: 1 of 2 updated replicas are available...
  deployment "my-nginx" successfully rolled out
# Pods that are older than the service have no variables of it.
  $ kctl clock advance 1m >/dev/null
  $ kubectl expose deployment/my-nginx
  service/my-nginx exposed
  $ kubectl exec deploy/my-nginx -- printenv | grep SERVICE
  KUBERNETES_SERVICE_HOST=10.96.0.1
  KUBERNETES_SERVICE_PORT=443
  KUBERNETES_SERVICE_PORT_HTTPS=443
  $ kubectl scale deployment my-nginx --replicas=0; kubectl scale deployment my-nginx --replicas=2
  deployment.apps/my-nginx scaled
  deployment.apps/my-nginx scaled
  $ kctl clock advance 1m >/dev/null
  $ kubectl rollout status deployment/my-nginx
  deployment "my-nginx" successfully rolled out
  $ kubectl exec deploy/my-nginx -- printenv | grep SERVICE | sort
  KUBERNETES_SERVICE_HOST=10.96.0.1
  KUBERNETES_SERVICE_PORT=443
  KUBERNETES_SERVICE_PORT_HTTPS=443
  MY_NGINX_SERVICE_HOST=10.96.108.196
  MY_NGINX_SERVICE_PORT=80
  $ kubectl get svc my-nginx
  NAME       TYPE        CLUSTER-IP      EXTERNAL-IP   PORT(S)   AGE
  my-nginx   ClusterIP   10.96.108.196   <none>        80/TCP    60s
  $ kubectl run curl --image=radial/busyboxplus:curl -i --rm --restart=Never -q -- curl -sI http://my-nginx
  HTTP/1.1 200 OK\r (esc)
  Server: nginx/1.29.4\r (esc)
  Date: Thu, 01 Jan 2026 00:02:04 GMT\r (esc)
  Content-Type: text/html\r (esc)
  Content-Length: 615\r (esc)
  Last-Modified: Thu, 01 Jan 2026 00:01:03 GMT\r (esc)
  Connection: keep-alive\r (esc)
  ETag: "6955b93f-267"\r (esc)
  Accept-Ranges: bytes\r (esc)
  \r (esc)
  $ kubectl run curl --image=radial/busyboxplus:curl -i --rm --restart=Never -q -- curl -s -o /dev/null -w '%{http_code}\n' http://my-nginx.default.svc.cluster.local
  200
# Without endpoints nothing answers.
  $ kubectl scale deployment my-nginx --replicas=0 && kctl clock settle >/dev/null
  deployment.apps/my-nginx scaled
  $ kubectl run curl --image=radial/busyboxplus:curl -i --rm --restart=Never -q -- curl -sS --connect-timeout 3 http://my-nginx
  curl: (7) Failed to connect to my-nginx port 80 after 0 ms: Couldn't connect to server
  pod default/curl terminated (Error)
  [7]
