# A stateless and a stateful application, from outside and from within.
# kctl: seed=1

  $ kubectl create deployment nginx-deployment --image=nginx:1.14.2 --replicas=2 --port=80
  deployment.apps/nginx-deployment created
  $ kubectl rollout status deployment/nginx-deployment
  Waiting for deployment "nginx-deployment" rollout to finish: 0 of 2 updated replicas are available...
  Waiting for deployment "nginx-deployment" rollout to finish: 1 of 2 updated replicas are available...
  deployment "nginx-deployment" successfully rolled out
  $ kubectl exec deploy/nginx-deployment -- nginx -v
  nginx version: nginx/1.14.2
  $ kubectl exec deploy/nginx-deployment -- sh -c 'curl -sI localhost || wget -q -S -O /dev/null localhost' 2>&1 | grep -i server
  Server: nginx/1.14.2\r (esc)
  $ kubectl set image deployment/nginx-deployment nginx=nginx:1.16.1 && kubectl rollout status deployment/nginx-deployment | tail -1
  deployment.apps/nginx-deployment image updated
  deployment "nginx-deployment" successfully rolled out
  $ kctl clock advance 1m >/dev/null
  $ kubectl exec deploy/nginx-deployment -- nginx -v
  nginx version: nginx/1.16.1
# Redis with its configuration in a ConfigMap.
  $ kubectl create configmap redis --from-literal=redis-config="$(printf 'maxmemory 2mb\nmaxmemory-policy allkeys-lru\n')"
  configmap/redis created
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: redis}
  > spec:
  >   containers:
  >   - name: redis
  >     image: redis:8.0.2
  >     command: [redis-server, /redis-master/redis.conf]
  >     ports: [{containerPort: 6379}]
  >     volumeMounts: [{mountPath: /redis-master, name: config}]
  >   volumes: [{name: config, configMap: {name: redis, items: [{key: redis-config, path: redis.conf}]}}]
  > E
  pod/redis created
  $ kubectl wait --for=condition=Ready pod/redis
  pod/redis condition met
  $ kubectl exec redis -- cat /redis-master/redis.conf
  maxmemory 2mb
  maxmemory-policy allkeys-lru (no-eol)
  $ kubectl exec redis -- redis-cli CONFIG GET maxmemory
  maxmemory
  2097152
# Files go in and out.
  $ mkdir site && echo '<h1>new</h1>' > site/index.html && ln -s index.html site/link
  $ POD=$(kubectl get pods -l app=nginx-deployment -o jsonpath='{.items[0].metadata.name}')
  $ kubectl cp site/index.html $POD:/usr/share/nginx/html
  $ kubectl exec $POD -- curl -s localhost
  <h1>new</h1>
  $ kubectl cp site $POD:/srv/site && kubectl exec $POD -- ls -l /srv/site | awk '{print $1, $NF}'
  total 4
  -rw-r--r-- index.html
  lrwxrwxrwx index.html
  $ kubectl cp $POD:/srv/site back 2>&1 | sed "s/$POD/POD/"
  tar: Removing leading `/' from member names
  warning: skipping symlink: "back/link" -> "index.html" (consider using "kubectl exec -n "" "POD" -- tar cf - "/srv/site" | tar xf -")
  $ ls back && cat back/index.html
  index.html
  <h1>new</h1>
  $ kubectl cp $POD:/no/such file
  tar: /no/such: Cannot stat: No such file or directory
  tar: Exiting with failure status due to previous errors
  command terminated with exit code 2
  [2]
  $ kubectl exec -i $POD -- tee /tmp/typed < site/index.html
  <h1>new</h1>
# State that outlives its pod.
  $ kubectl apply -f - <<'E'
  > apiVersion: storage.k8s.io/v1
  > kind: StorageClass
  > metadata: {name: standard, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
  > provisioner: rancher.io/local-path
  > volumeBindingMode: WaitForFirstConsumer
  > ---
  > apiVersion: v1
  > kind: PersistentVolumeClaim
  > metadata: {name: data}
  > spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
  > ---
  > apiVersion: apps/v1
  > kind: Deployment
  > metadata: {name: db}
  > spec:
  >   selector: {matchLabels: {app: db}}
  >   strategy: {type: Recreate}
  >   template:
  >     metadata: {labels: {app: db}}
  >     spec:
  >       containers:
  >       - name: db
  >         image: busybox
  >         command: [sh, -c, 'date >> /data/starts; exec sleep infinity']
  >         volumeMounts: [{name: data, mountPath: /data}]
  >       volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
  > E
  storageclass.storage.k8s.io/standard created
  persistentvolumeclaim/data created
  deployment.apps/db created
  $ kubectl rollout status deployment/db
  Waiting for deployment "db" rollout to finish: 0 of 1 updated replicas are available...
  deployment "db" successfully rolled out
  $ kubectl rollout restart deployment/db && kubectl rollout status deployment/db | tail -1
  deployment.apps/db restarted
  deployment "db" successfully rolled out
  $ kubectl exec deploy/db -- wc -l /data/starts
  2 /data/starts
  $ kubectl exec deploy/db -- dd if=/dev/zero of=/data/big bs=1k count=2000
  dd: error writing '/data/big': No space left on device
  1024+0 records in
  1024+0 records out
  1047552 bytes (1023.0KB) copied, 0.000000 seconds, 0B/s
  command terminated with exit code 1
  [1]
