# Redis: configured by a ConfigMap, and as a queue of work.
# kctl: seed=1

  $ cat > redis-config.yaml <<'E'
  > apiVersion: v1
  > kind: ConfigMap
  > metadata: {name: example-redis-config}
  > data: {redis-config: ""}
  > E
  $ cat > redis-pod.yaml <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: redis, labels: {app: redis}}
  > spec:
  >   containers:
  >   - name: redis
  >     image: redis:8.0.2
  >     command: [redis-server, /redis-master/redis.conf]
  >     ports: [{containerPort: 6379}]
  >     volumeMounts: [{mountPath: /redis-master-data, name: data}, {mountPath: /redis-master, name: config}]
  >   volumes:
  >   - {name: data, emptyDir: {}}
  >   - name: config
  >     configMap: {name: example-redis-config, items: [{key: redis-config, path: redis.conf}]}
  > E
  $ kubectl apply -f redis-config.yaml -f redis-pod.yaml
  configmap/example-redis-config created
  pod/redis created
  $ kubectl wait --for=condition=Ready pod/redis
  pod/redis condition met
  $ kubectl exec redis -- redis-cli CONFIG GET maxmemory
  maxmemory
  0
  $ kubectl exec redis -- redis-cli CONFIG GET maxmemory-policy
  maxmemory-policy
  noeviction
# A changed ConfigMap arrives in the file; the server reads it when the pod is made anew.
  $ kubectl patch configmap example-redis-config -p '{"data": {"redis-config": "maxmemory 2mb\nmaxmemory-policy allkeys-lru\n"}}'
  configmap/example-redis-config patched
  $ kctl clock advance 2m >/dev/null
  $ kubectl exec redis -- cat /redis-master/redis.conf
  maxmemory 2mb
  maxmemory-policy allkeys-lru
  $ kubectl exec redis -- redis-cli CONFIG GET maxmemory
  maxmemory
  0
  $ kubectl delete pod redis && kubectl apply -f redis-pod.yaml
  pod "redis" deleted from default namespace
  pod/redis created
  $ kubectl wait --for=condition=Ready pod/redis
  pod/redis condition met
  $ kubectl exec redis -- redis-cli CONFIG GET maxmemory
  maxmemory
  2097152
  $ kubectl exec redis -- redis-cli CONFIG GET maxmemory-policy
  maxmemory-policy
  allkeys-lru
# A list that workers take their items from.
  $ kubectl expose pod redis --port=6379
  service/redis exposed
  $ kubectl run -i temp --image redis --restart=Never --rm -q --command -- /bin/sh <<'E'
  > redis-cli -h redis
  > rpush job2 "apple"
  > rpush job2 "banana" "cherry" "date" "fig"
  > lrange job2 0 -1
  > E
  1
  5
  apple
  banana
  cherry
  date
  fig
  $ kubectl apply -f - <<'E'
  > apiVersion: batch/v1
  > kind: Job
  > metadata: {name: job-wq-2}
  > spec:
  >   parallelism: 2
  >   template:
  >     spec:
  >       restartPolicy: OnFailure
  >       containers:
  >       - name: c
  >         image: redis
  >         command:
  >         - sh
  >         - -c
  >         - |
  >           while item=$(redis-cli -h redis rpoplpush job2 done) && [ -n "$item" ]; do
  >             echo "Working on $item"
  >             sleep 10
  >           done
  >           echo "Queue empty, exiting"
  > E
  job.batch/job-wq-2 created
  $ kubectl wait --for=condition=Complete job/job-wq-2 --timeout=2m
  job.batch/job-wq-2 condition met
  $ kubectl logs -l batch.kubernetes.io/job-name=job-wq-2 --tail=-1 | sort
  Queue empty, exiting
  Queue empty, exiting
  Working on apple
  Working on banana
  Working on cherry
  Working on date
  Working on fig
  $ kubectl exec redis -- redis-cli llen job2
  0
  $ kubectl exec redis -- redis-cli lrange done 0 1
  apple
  banana
