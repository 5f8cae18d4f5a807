# Document 002: DaemonSet, StatefulSet with local volumes. Each step names its entry of the list of commands.
# kctl: seed=9

  $ for f in local-pv.yaml with-node-affinity.yaml; do sed -i 's/kubesphere02/k8s-node1/; s/kubesphere03/k8s-node2/' $f; done
# 002.1
  $ kubectl create -f fluentd-rbac.yaml
  serviceaccount/fluentd-account created
  clusterrolebinding.rbac.authorization.k8s.io/fluentd-account created
# 002.2
  $ kubectl create -f fluentd-ds.yaml
  daemonset.apps/fluentd-cloud-logging created
  $ kctl clock settle >/dev/null
# 002.3
  $ kubectl get daemonset -n kube-system
  NAME                    DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE
  fluentd-cloud-logging   2         2         2       2            2           <none>          5s
# 002.4
  $ kubectl get pods -n kube-system -o wide|grep fluentd-cloud-logging
  fluentd-cloud-logging-bwsf5   1/1     Running   0          5s    10.244.1.2   k8s-node1   <none>           <none>
  fluentd-cloud-logging-hr76l   1/1     Running   0          5s    10.244.2.2   k8s-node2   <none>           <none>
# 002.5
  $ kubectl delete daemonsets.app fluentd-cloud-logging -n kube-system
  daemonset.apps "fluentd-cloud-logging" deleted from kube-system namespace
# 002.6
  $ kubectl delete -f fluentd-ds.yaml
  Error from server (NotFound): error when deleting "fluentd-ds.yaml": daemonsets.apps "fluentd-cloud-logging" not found
  [1]
# 002.7
  $ kubectl create -f local-storage.yaml
  storageclass.storage.k8s.io/local-storage created
# 002.8
  $ kubectl create -f local-pv.yaml
  persistentvolume/local-pv1 created
  persistentvolume/local-pv2 created
# 002.9
  $ kubectl get pv
  NAME        CAPACITY   ACCESS MODES   RECLAIM POLICY   STATUS      CLAIM   STORAGECLASS    VOLUMEATTRIBUTESCLASS   REASON   AGE
  local-pv1   1Gi        RWO            Retain           Available           local-storage   <unset>                          0s
  local-pv2   1Gi        RWO            Retain           Available           local-storage   <unset>                          0s
# 002.11
  $ kubectl create -f web.yaml
  service/nginx created
  statefulset.apps/web created
# 002.10 and 002.12
  $ kubectl get pods -w -l app=nginx
  NAME    READY   STATUS              RESTARTS   AGE
  web-0   0/1     ContainerCreating   0          0s
  web-0   1/1     Running             0          2s
  web-1   0/1     Pending             0          0s
  web-1   0/1     Pending             0          0s
  web-1   0/1     Pending             0          0s
  web-1   0/1     ContainerCreating   0          0s
  web-1   1/1     Running             0          2s
# 002.13
  $ kubectl get service nginx
  NAME    TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE
  nginx   ClusterIP   None         <none>        80/TCP    4s
# 002.14
  $ kubectl get statefulset web
  NAME   READY   AGE
  web    2/2     4s
# 002.15
  $ kubectl get pvc
  NAME        STATUS   VOLUME      CAPACITY   ACCESS MODES   STORAGECLASS    VOLUMEATTRIBUTESCLASS   AGE
  www-web-0   Bound    local-pv2   1Gi        RWO            local-storage   <unset>                 4s
  www-web-1   Bound    local-pv1   1Gi        RWO            local-storage   <unset>                 2s
# 002.16
  $ kubectl get pods -l app=nginx
  NAME    READY   STATUS    RESTARTS   AGE
  web-0   1/1     Running   0          4s
  web-1   1/1     Running   0          2s
# 002.17
  $ kubectl scale sts web --replicas=5
  statefulset.apps/web scaled
  $ kctl clock settle >/dev/null
  $ kubectl get pods,pvc
  NAME        READY   STATUS    RESTARTS   AGE
  pod/web-0   1/1     Running   0          7s
  pod/web-1   1/1     Running   0          5s
  pod/web-2   0/1     Pending   0          3s
  
  NAME                              STATUS    VOLUME      CAPACITY   ACCESS MODES   STORAGECLASS    VOLUMEATTRIBUTESCLASS   AGE
  persistentvolumeclaim/www-web-0   Bound     local-pv2   1Gi        RWO            local-storage   <unset>                 7s
  persistentvolumeclaim/www-web-1   Bound     local-pv1   1Gi        RWO            local-storage   <unset>                 5s
  persistentvolumeclaim/www-web-2   Pending                                         local-storage   <unset>                 3s
# 002.18
  $ kubectl patch sts web -p '{"spec":{"replicas":1}}'
  statefulset.apps/web patched
# 002.19
  $ kubectl get pods -w -l app=nginx
  NAME    READY   STATUS    RESTARTS   AGE
  web-0   1/1     Running   0          7s
  web-1   1/1     Terminating   0          5s
  web-1   0/1     Terminating   0          6s
  web-1   0/1     Terminating   0          6s
  web-1   0/1     Terminating   0          6s
  $ kubectl get pvc
  NAME        STATUS    VOLUME      CAPACITY   ACCESS MODES   STORAGECLASS    VOLUMEATTRIBUTESCLASS   AGE
  www-web-0   Bound     local-pv2   1Gi        RWO            local-storage   <unset>                 8s
  www-web-1   Bound     local-pv1   1Gi        RWO            local-storage   <unset>                 6s
  www-web-2   Pending                                         local-storage   <unset>                 4s
  $ kubectl scale sts web --replicas=2 >/dev/null
  $ kctl clock settle >/dev/null
# 002.20
  $ kubectl patch statefulset web --type='json' -p='[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value":"mirrorgooglecontainers/nginx-slim:0.7"}]'
  statefulset.apps/web patched
# 002.21
  $ kubectl get pods -w -l app=nginx
  NAME    READY   STATUS    RESTARTS   AGE
  web-0   1/1     Running   0          12s
  web-1   1/1     Terminating   0          4s
  web-1   0/1     Terminating   0          5s
  web-1   0/1     Terminating   0          5s
  web-1   0/1     Terminating   0          5s
  web-1   0/1     Pending       0          0s
  web-1   0/1     Pending       0          0s
  web-1   0/1     ContainerCreating   0          0s
  web-1   1/1     Running             0          2s
  web-0   1/1     Terminating         0          15s
  web-0   0/1     Terminating         0          16s
  web-0   0/1     Terminating         0          16s
  web-0   0/1     Terminating         0          16s
  web-0   0/1     Pending             0          0s
  web-0   0/1     Pending             0          0s
  web-0   0/1     ContainerCreating   0          0s
  web-0   1/1     Running             0          2s
# 002.22
  $ kubectl get pod -l app=nginx -o jsonpath='{range .items[*]}{.metadata.name}{"\t"}{.spec.containers[0].image}{"\n"}{end}'
  web-0	mirrorgooglecontainers/nginx-slim:0.7
  web-1	mirrorgooglecontainers/nginx-slim:0.7
# 002.23
  $ kubectl rollout status sts/web
  partitioned roll out complete: 2 new pods have been updated...
# 002.24
  $ kubectl delete statefulset web --cascade=false
  warning: --cascade=false is deprecated (boolean value) and can be replaced with --cascade=orphan.
  statefulset.apps "web" deleted from default namespace
# 002.25
  $ kubectl get pods -l app=nginx
  NAME    READY   STATUS    RESTARTS   AGE
  web-0   1/1     Running   0          2s
  web-1   1/1     Running   0          5s
# 002.26
  $ kubectl delete pod web-0
  pod "web-0" deleted from default namespace
# 002.27
  $ kubectl get pods -l app=nginx
  NAME    READY   STATUS    RESTARTS   AGE
  web-1   1/1     Running   0          6s
# 002.28
  $ kubectl create -f web.yaml
  statefulset.apps/web created
  Error from server (AlreadyExists): error when creating "web.yaml": services "nginx" already exists
  [1]
  $ kctl clock settle >/dev/null
# 002.29
  $ kubectl get pods -l app=nginx
  NAME    READY   STATUS    RESTARTS   AGE
  web-0   1/1     Running   0          6s
  web-1   1/1     Running   0          4s
# 002.30
  $ kubectl delete statefulset web
  statefulset.apps "web" deleted from default namespace
# 002.31
  $ kubectl delete service nginx
  service "nginx" deleted from default namespace
  $ kctl clock settle >/dev/null
# 002.32
  $ kubectl create -f web-parallel.yaml
  service/nginx created
  statefulset.apps/web created
# 002.33
  $ kubectl get pods -w -l app=nginx
  NAME    READY   STATUS              RESTARTS   AGE
  web-0   0/1     ContainerCreating   0          0s
  web-1   0/1     ContainerCreating   0          0s
  web-0   1/1     Running             0          1s
  web-1   1/1     Running             0          1s
# 002, fragment: a DaemonSet with minReadySeconds
  $ kubectl create -f fluentd-ds-rolling.yaml
  daemonset.apps/fluentd-cloud-logging created
  $ kctl clock advance 10s >/dev/null
  $ kubectl get ds -n kube-system
  NAME                    DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE
  fluentd-cloud-logging   2         2         2       2            0           <none>          10s
  $ kctl clock advance 30s >/dev/null
  $ kubectl get ds -n kube-system
  NAME                    DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE
  fluentd-cloud-logging   2         2         2       2            2           <none>          40s
