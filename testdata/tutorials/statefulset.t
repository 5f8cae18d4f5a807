# The pods of a StatefulSet have names, and web pages that survive them.
# kctl: seed=1

  $ kubectl apply -f - <<'E'
  > apiVersion: storage.k8s.io/v1
  > kind: StorageClass
  > metadata: {name: standard, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
  > provisioner: rancher.io/local-path
  > volumeBindingMode: WaitForFirstConsumer
  > ---
  > apiVersion: v1
  > kind: Service
  > metadata: {name: nginx, labels: {app: nginx}}
  > spec:
  >   ports: [{port: 80, name: web}]
  >   clusterIP: None
  >   selector: {app: nginx}
  > ---
  > apiVersion: apps/v1
  > kind: StatefulSet
  > metadata: {name: web}
  > spec:
  >   serviceName: nginx
  >   replicas: 2
  >   selector: {matchLabels: {app: nginx}}
  >   template:
  >     metadata: {labels: {app: nginx}}
  >     spec:
  >       containers:
  >       - name: nginx
  >         image: registry.k8s.io/nginx-slim:0.24
  >         ports: [{containerPort: 80, name: web}]
  >         volumeMounts: [{name: www, mountPath: /usr/share/nginx/html}]
  >   volumeClaimTemplates:
  >   - metadata: {name: www}
  >     spec:
  >       accessModes: [ReadWriteOnce]
  >       resources: {requests: {storage: 1Gi}}
  > E
  storageclass.storage.k8s.io/standard created
  service/nginx created
  statefulset.apps/web created
  $ kubectl rollout status statefulset/web
  Waiting for 2 pods to be ready...
  Waiting for 1 pods to be ready...
  Waiting for 1 pods to be ready...
  partitioned roll out complete: 2 new pods have been updated...
  $ for i in 0 1; do kubectl exec "web-$i" -- sh -c 'hostname'; done
  web-0
  web-1
  $ kubectl run -i --tty --image busybox:1.28 dns-test --restart=Never --rm -q -- nslookup web-0.nginx 2>/dev/null
  Server:    10.96.0.10
  Address 1: 10.96.0.10
  
  Name:      web-0.nginx
  Address 1: 10.244.1.2 web-0.nginx.default.svc.cluster.local
  $ for i in 0 1; do kubectl exec "web-$i" -- sh -c 'echo "$(hostname)" > /usr/share/nginx/html/index.html'; done
  $ for i in 0 1; do kubectl exec -i -t "web-$i" -- curl http://localhost/ 2>/dev/null; done
  web-0
  web-1
  $ kubectl delete pod -l app=nginx
  pod "web-0" deleted from default namespace
  pod "web-1" deleted from default namespace
  $ kubectl rollout status statefulset/web
  Waiting for 2 pods to be ready...
  Waiting for 1 pods to be ready...
  Waiting for 1 pods to be ready...
  partitioned roll out complete: 2 new pods have been updated...
  $ for i in 0 1; do kubectl exec "web-$i" -- sh -c 'hostname; curl -s http://localhost/'; done
  web-0
  web-0
  web-1
  web-1
  $ kubectl scale statefulset web --replicas=0 && kubectl wait --for=delete pod/web-0
  statefulset.apps/web scaled
  pod/web-0 condition met
  $ kubectl scale statefulset web --replicas=2 && kubectl rollout status statefulset/web
  statefulset.apps/web scaled
  Waiting for 2 pods to be ready...
  Waiting for 1 pods to be ready...
  Waiting for 1 pods to be ready...
  partitioned roll out complete: 2 new pods have been updated...
  $ for i in 0 1; do kubectl exec "web-$i" -- curl -s http://localhost/; done
  web-0
  web-1
# By the name that its service gives to each.
  $ kubectl exec web-0 -- curl -s http://web-1.nginx/
  web-1
