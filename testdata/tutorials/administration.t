# Namespaces and what limits them, resources of one's own, disruption budgets, and nodes that are emptied.
# kctl: seed=1 nodes=4

  $ kubectl create namespace constraints
  namespace/constraints created
  $ kubectl apply -n constraints -f - <<'X'
  > apiVersion: v1
  > kind: LimitRange
  > metadata: {name: mem-min-max-demo-lr}
  > spec: {limits: [{max: {memory: 1Gi}, min: {memory: 500Mi}, type: Container}]}
  > X
  limitrange/mem-min-max-demo-lr created
  $ kubectl get limitrange -n constraints mem-min-max-demo-lr -o jsonpath='{.spec.limits[0]}'; echo
  {"default":{"memory":"1Gi"},"defaultRequest":{"memory":"1Gi"},"max":{"memory":"1Gi"},"min":{"memory":"500Mi"},"type":"Container"}
  $ demo() { kubectl apply -f - <<X
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: $1, namespace: $2}
  > spec: {containers: [{name: $1-ctr, image: nginx, resources: $3}]}
  > X
  > }
  $ demo too-much constraints '{limits: {memory: 1.5Gi}, requests: {memory: 800Mi}}'
  Error from server (Forbidden): error when creating "STDIN": pods "too-much" is forbidden: maximum memory usage per Container is 1Gi, but limit is 1536Mi
  [1]
  $ demo too-little constraints '{limits: {memory: 800Mi}, requests: {memory: 100Mi}}'
  Error from server (Forbidden): error when creating "STDIN": pods "too-little" is forbidden: minimum memory usage per Container is 500Mi, but request is 100Mi
  [1]
  $ demo nothing constraints '{}' && kubectl get pod nothing -n constraints -o jsonpath='{.spec.containers[0].resources}'; echo
  pod/nothing created
  {"limits":{"memory":"1Gi"},"requests":{"memory":"1Gi"}}
  $ kubectl create namespace quota
  namespace/quota created
  $ kubectl create quota mem-cpu-demo -n quota --hard=requests.cpu=1,requests.memory=1Gi,limits.cpu=2,limits.memory=2Gi
  resourcequota/mem-cpu-demo created
  $ demo first quota '{limits: {memory: 800Mi, cpu: 800m}, requests: {memory: 600Mi, cpu: 400m}}'
  pod/first created
  $ kubectl get resourcequota mem-cpu-demo -n quota -o jsonpath='{ .status.used }'; echo
  {"limits.cpu":"800m","limits.memory":"800Mi","requests.cpu":"400m","requests.memory":"600Mi"}
  $ demo second quota '{limits: {memory: 1Gi, cpu: 800m}, requests: {memory: 700Mi, cpu: 400m}}'
  Error from server (Forbidden): error when creating "STDIN": pods "second" is forbidden: exceeded quota: mem-cpu-demo, requested: requests.memory=700Mi, used: requests.memory=600Mi, limited: requests.memory=1Gi
  [1]
  $ kubectl describe quota -n quota
  Name:            mem-cpu-demo
  Namespace:       quota
  Resource         Used   Hard
  --------         ----   ----
  limits.cpu       800m   2
  limits.memory    800Mi  2Gi
  requests.cpu     400m   1
  requests.memory  600Mi  1Gi
  $ kubectl create namespace pods && kubectl create quota pod-demo --hard=pods=2 -n pods
  namespace/pods created
  resourcequota/pod-demo created
  $ kubectl create deployment pod-quota-demo --image=nginx --replicas=3 -n pods
  deployment.apps/pod-quota-demo created
  $ kctl clock advance 5s >/dev/null
  $ kubectl get deployment pod-quota-demo -n pods
  NAME             READY   UP-TO-DATE   AVAILABLE   AGE
  pod-quota-demo   2/3     2            2           5s
  $ kubectl get deployment pod-quota-demo -n pods -o jsonpath='{.status.conditions[?(@.type=="ReplicaFailure")].message}'; echo
  pods "pod-quota-demo-64fdcd859f-6hgh4" is forbidden: exceeded quota: pod-demo, requested: pods=1, used: pods=2, limited: pods=2
# A context for each namespace.
  $ kubectl create namespace development
  namespace/development created
  $ kubectl config set-context dev --namespace=development --cluster=$(kubectl config view -o jsonpath='{.clusters[0].name}') --user=$(kubectl config view -o jsonpath='{.users[0].name}')
  Context "dev" created.
  $ kubectl config use-context dev
  Switched to context "dev".
  $ kubectl create deployment snowflake --image=registry.k8s.io/serve_hostname --replicas=2
  deployment.apps/snowflake created
  $ kubectl get deployment
  NAME        READY   UP-TO-DATE   AVAILABLE   AGE
  snowflake   0/2     2            0           0s
  $ kubectl config use-context $(kubectl config get-contexts -o name | grep -v dev)
  Switched to context "kctl-admin@kctl".
  $ kubectl delete namespaces development constraints quota pods
  namespace "development" deleted
  namespace "constraints" deleted
  namespace "quota" deleted
  namespace "pods" deleted
# A resource that only one node has.
  $ kubectl patch node k8s-node1 --subresource status --type=json -p '[{"op": "add", "path": "/status/capacity/example.com~1dongle", "value": "4"}]'
  node/k8s-node1 patched
  $ demo three default '{requests: {example.com/dongle: 3}, limits: {example.com/dongle: 3}}'
  pod/three created
  $ demo two default '{requests: {example.com/dongle: 2}, limits: {example.com/dongle: 2}}'
  pod/two created
  $ kctl clock advance 5s >/dev/null
  $ kubectl get pods -o wide | awk '{print $1, $3, $7}'
  NAME STATUS NODE
  three Running k8s-node1
  two Pending <none>
  $ kubectl describe pod two | grep -o '0/4 nodes are available.*dongle\.'
  0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 Insufficient example.com/dongle.
  $ kubectl describe node k8s-node1 | grep dongle
    example.com/dongle:  4
    example.com/dongle:  4
    example.com/dongle  3         3
  $ kubectl delete pod two three
  pod "two" deleted from default namespace
  pod "three" deleted from default namespace
# A budget holds an eviction back until there are enough others.
  $ kubectl create deployment zookeeper --image=nginx --replicas=3
  deployment.apps/zookeeper created
  $ kubectl create poddisruptionbudget zk-pdb --selector=app=zookeeper --min-available=2
  poddisruptionbudget.policy/zk-pdb created
  $ kubectl rollout status deployment/zookeeper | tail -1
  deployment "zookeeper" successfully rolled out
  $ kubectl get poddisruptionbudgets
  NAME     MIN AVAILABLE   MAX UNAVAILABLE   ALLOWED DISRUPTIONS   AGE
  zk-pdb   2               N/A               1                     1s
  $ kubectl get pods -o wide | awk '{print $7}' | sort | uniq -c
        1 NODE
        1 k8s-node1
        1 k8s-node2
        1 k8s-node3
  $ kubectl drain k8s-node1 k8s-node2 --ignore-daemonsets 2>/dev/null
  node/k8s-node1 cordoned
  node/k8s-node2 cordoned
  evicting pod default/zookeeper-757f7cdc7c-rmr74
  pod/zookeeper-757f7cdc7c-rmr74 evicted
  node/k8s-node1 drained
  evicting pod default/zookeeper-757f7cdc7c-xwmjn
  pod/zookeeper-757f7cdc7c-xwmjn evicted
  node/k8s-node2 drained
  $ kubectl get nodes
  NAME         STATUS                     ROLES           AGE   VERSION
  k8s-master   Ready                      control-plane   24s   v1.36.2
  k8s-node1    Ready,SchedulingDisabled   <none>          24s   v1.36.2
  k8s-node2    Ready,SchedulingDisabled   <none>          24s   v1.36.2
  k8s-node3    Ready                      <none>          24s   v1.36.2
  $ kubectl uncordon k8s-node1
  node/k8s-node1 uncordoned
