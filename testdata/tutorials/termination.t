# The endpoint of a pod that is going to end.
# kctl: seed=1

  $ kubectl apply -f - <<'X'
  > apiVersion: apps/v1
  > kind: Deployment
  > metadata: {name: nginx-deployment, labels: {app: nginx}}
  > spec:
  >   replicas: 1
  >   selector: {matchLabels: {app: nginx}}
  >   template:
  >     metadata: {labels: {app: nginx}}
  >     spec:
  >       terminationGracePeriodSeconds: 120
  >       containers:
  >       - name: nginx
  >         image: nginx:latest
  >         ports: [{containerPort: 80}]
  >         lifecycle: {preStop: {exec: {command: ["/bin/sh", "-c", "sleep 60"]}}}
  > ---
  > apiVersion: v1
  > kind: Service
  > metadata: {name: nginx-service}
  > spec: {selector: {app: nginx}, ports: [{protocol: TCP, port: 80, targetPort: 80}]}
  > X
  deployment.apps/nginx-deployment created
  service/nginx-service created
  $ kubectl rollout status deployment/nginx-deployment | tail -1
  deployment "nginx-deployment" successfully rolled out
  $ conditions() { kubectl get endpointslices -l kubernetes.io/service-name=nginx-service -o jsonpath='{range .items[0].endpoints[*]}{.addresses[0]}{" "}{.conditions}{"\n"}{end}'; }
  $ conditions
  10.244.2.2 {"ready":true,"serving":true,"terminating":false}
  $ kubectl delete --wait=false $(kubectl get pods -o name)
  pod "nginx-deployment-84b4546fdf-8rz7f" deleted from default namespace
  $ kctl clock advance 10s >/dev/null
  $ kubectl get pods
  NAME                                READY   STATUS        RESTARTS   AGE
  nginx-deployment-84b4546fdf-8rz7f   1/1     Terminating   0          12s
  nginx-deployment-84b4546fdf-gw2fl   1/1     Running       0          10s
  $ conditions
  10.244.2.2 {"ready":false,"serving":true,"terminating":true}
  10.244.1.2 {"ready":true,"serving":true,"terminating":false}
# New connections go to the new one only.
  $ kubectl run ask -i -q --image=busybox:1.36 --restart=Never --rm -- sh -c 'for i in 1 2 3 4; do wget -q -O /dev/null nginx-service; done'
  $ kubectl logs $(kubectl get pods -o name | tail -1) | grep -c GET
  4
  $ kctl clock advance 60s >/dev/null
  $ kubectl get pods
  NAME                                READY   STATUS    RESTARTS   AGE
  nginx-deployment-84b4546fdf-gw2fl   1/1     Running   0          72s
  $ conditions
  10.244.1.2 {"ready":true,"serving":true,"terminating":false}
