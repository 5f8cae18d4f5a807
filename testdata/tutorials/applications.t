# A stateless and a stateful application, from outside and from within.
# kctl: seed=1

  $ kubectl create deployment nginx-deployment --image=nginx:1.14.2 --replicas=2 --port=80
  $ kubectl rollout status deployment/nginx-deployment
  $ kubectl exec deploy/nginx-deployment -- nginx -v
  $ kubectl exec deploy/nginx-deployment -- sh -c 'curl -sI localhost || wget -q -S -O /dev/null localhost' 2>&1 | grep -i server
  $ kubectl set image deployment/nginx-deployment nginx=nginx:1.16.1 && kubectl rollout status deployment/nginx-deployment | tail -1
  $ kctl clock advance 1m >/dev/null
  $ kubectl exec deploy/nginx-deployment -- nginx -v
# Redis with its configuration in a ConfigMap.
  $ kubectl create configmap redis --from-literal=redis-config="$(printf 'maxmemory 2mb\nmaxmemory-policy allkeys-lru\n')"
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
  $ kubectl wait --for=condition=Ready pod/redis
  $ kubectl exec redis -- cat /redis-master/redis.conf
  $ kubectl exec redis -- redis-cli CONFIG GET maxmemory
# Files go in and out.
  $ mkdir site && echo '<h1>new</h1>' > site/index.html && ln -s index.html site/link
  $ POD=$(kubectl get pods -l app=nginx-deployment -o jsonpath='{.items[0].metadata.name}')
  $ kubectl cp site/index.html $POD:/usr/share/nginx/html
  $ kubectl exec $POD -- curl -s localhost
  $ kubectl cp site $POD:/srv/site && kubectl exec $POD -- ls -l /srv/site | awk '{print $1, $NF}'
  $ kubectl cp $POD:/srv/site back 2>&1 | sed "s/$POD/POD/"
  $ ls back && cat back/index.html
  $ kubectl cp $POD:/no/such file
  $ kubectl exec -i $POD -- tee /tmp/typed < site/index.html
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
  $ kubectl rollout status deployment/db
  $ kubectl rollout restart deployment/db && kubectl rollout status deployment/db | tail -1
  $ kubectl exec deploy/db -- wc -l /data/starts
  $ kubectl exec deploy/db -- dd if=/dev/zero of=/data/big bs=1k count=2000
