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
  $ kubectl rollout status deployment/my-nginx
# Pods that are older than the service have no variables of it.
  $ kctl clock advance 1m >/dev/null
  $ kubectl expose deployment/my-nginx
  $ kubectl exec deploy/my-nginx -- printenv | grep SERVICE
  $ kubectl scale deployment my-nginx --replicas=0; kubectl scale deployment my-nginx --replicas=2
  $ kctl clock advance 1m >/dev/null
  $ kubectl rollout status deployment/my-nginx
  $ kubectl exec deploy/my-nginx -- printenv | grep SERVICE | sort
  $ kubectl get svc my-nginx
  $ kubectl run curl --image=radial/busyboxplus:curl -i --rm --restart=Never -q -- curl -sI http://my-nginx
  $ kubectl run curl --image=curlimages/curl -i --rm --restart=Never -q -- curl -s -o /dev/null -w '%{http_code}\n' http://my-nginx.default.svc.cluster.local
# Without endpoints nothing answers.
  $ kubectl scale deployment my-nginx --replicas=0 && kctl clock settle >/dev/null
  $ kubectl run curl --image=curlimages/curl -i --rm --restart=Never -q -- curl -sS --connect-timeout 3 http://my-nginx
