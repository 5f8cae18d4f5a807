# A web application in two tiers: Redis, and a front end in PHP, which is not simulated and says so.
# kctl: seed=1 profile=kind nodes=3

  $ kubectl apply -f - <<'X'
  > apiVersion: apps/v1
  > kind: Deployment
  > metadata: {name: redis-leader, labels: {app: redis, role: leader, tier: backend}}
  > spec:
  >   replicas: 1
  >   selector: {matchLabels: {app: redis}}
  >   template:
  >     metadata: {labels: {app: redis, role: leader, tier: backend}}
  >     spec:
  >       containers:
  >       - name: leader
  >         image: docker.io/redis:6.0.5
  >         resources: {requests: {cpu: 100m, memory: 100Mi}}
  >         ports: [{containerPort: 6379}]
  > ---
  > apiVersion: v1
  > kind: Service
  > metadata: {name: redis-leader, labels: {app: redis, role: leader, tier: backend}}
  > spec: {ports: [{port: 6379, targetPort: 6379}], selector: {app: redis, role: leader, tier: backend}}
  > ---
  > apiVersion: apps/v1
  > kind: Deployment
  > metadata: {name: frontend}
  > spec:
  >   replicas: 3
  >   selector: {matchLabels: {app: guestbook, tier: frontend}}
  >   template:
  >     metadata: {labels: {app: guestbook, tier: frontend}}
  >     spec:
  >       containers:
  >       - name: php-redis
  >         image: us-docker.pkg.dev/google-samples/containers/gke/gb-frontend:v5
  >         env: [{name: GET_HOSTS_FROM, value: dns}]
  >         resources: {requests: {cpu: 100m, memory: 100Mi}}
  >         ports: [{containerPort: 80}]
  > ---
  > apiVersion: v1
  > kind: Service
  > metadata: {name: frontend, labels: {app: guestbook, tier: frontend}}
  > spec: {ports: [{port: 80}], selector: {app: guestbook, tier: frontend}}
  > X
  deployment.apps/redis-leader created
  service/redis-leader created
  deployment.apps/frontend created
  service/frontend created
  $ for d in redis-leader frontend; do kubectl rollout status deployment/$d | tail -1; done
  deployment "redis-leader" successfully rolled out
  deployment "frontend" successfully rolled out
  $ kubectl get pods -l app=guestbook -l tier=frontend
  NAME                        READY   STATUS    RESTARTS   AGE
  frontend-5cbf88df78-mfgqp   1/1     Running   0          2s
  frontend-5cbf88df78-p4twn   1/1     Running   0          2s
  frontend-5cbf88df78-xmftx   1/1     Running   0          2s
  $ kubectl run cli --image=redis:6 -i -q --rm --restart=Never -- redis-cli -h redis-leader set greeting hello
  OK
  $ kubectl exec deploy/redis-leader -- redis-cli get greeting
  hello
  $ kubectl run cli --image=busybox:1.36 -i -q --rm --restart=Never -- wget -S -O - http://frontend/guestbook.php
  Connecting to frontend (10.96.89.92:80)
    HTTP/1.1 501 Not Implemented
    Date: Thu, 01 Jan 2026 00:00:06 GMT
    Server: Apache
    Content-Length: 220
    Content-Type: text/html; charset=iso-8859-1
    
  wget: server returned error: HTTP/1.1 501 Not Implemented
  pod default/cli terminated (Error)
  [1]
  $ kubectl run cli --image=radial/busyboxplus:curl -i -q --rm --restart=Never -- curl -s http://frontend/
  <!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">
  <html><head>
  <title>501 Not Implemented</title>
  </head><body>
  <h1>Not Implemented</h1>
  <p>PHP and the pages that this image brings are not simulated.</p>
  </body></html>
  $ kubectl logs deploy/frontend --all-pods 2>/dev/null | grep -c ' 501 '
  2
  $ kubectl scale deployment frontend --replicas=5
  deployment.apps/frontend scaled
  $ kubectl scale deployment frontend --replicas=2
  deployment.apps/frontend scaled
  $ kctl clock advance 40s >/dev/null
  $ kubectl get pods -l app=guestbook --no-headers | wc -l
  2
  $ kubectl delete deployment -l app=redis && kubectl delete service -l app=redis
  deployment.apps "redis-leader" deleted from default namespace
  service "redis-leader" deleted from default namespace
  $ kubectl delete deployment frontend && kubectl delete service frontend
  deployment.apps "frontend" deleted from default namespace
  service "frontend" deleted from default namespace
