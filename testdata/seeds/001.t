# Document 001: tutorial on ReplicaSet, Deployment, DaemonSet and StatefulSet. Each step names its entry of the list of commands.
# kctl: seed=9

  $ mkdir manfests && cp *.yaml manfests
# 001.1
  $ kubectl explain rs | head -3
  GROUP:      apps
  KIND:       ReplicaSet
  VERSION:    v1
# 001.2
  $ kubectl explain rs.spec | head -3
  GROUP:      apps
  KIND:       ReplicaSet
  VERSION:    v1
# 001.3
  $ kubectl explain rs.spec.template | head -3
  GROUP:      apps
  KIND:       ReplicaSet
  VERSION:    v1
# 001.4
  $ kubectl apply -f manfests/rs-demo.yaml
  replicaset.apps/myapp created
  $ kctl clock settle >/dev/null
# 001.5
  $ kubectl get rs
  NAME    DESIRED   CURRENT   READY   AGE
  myapp   2         2         2       5s
# 001.6
  $ kubectl get pods
  NAME          READY   STATUS    RESTARTS   AGE
  myapp-s2hwz   1/1     Running   0          5s
  myapp-vhwjd   1/1     Running   0          5s
# 001.7
  $ EDITOR='sed -i s/replicas:.2/replicas:\ 4/' kubectl edit rs myapp
  replicaset.apps/myapp edited
  $ kctl clock settle >/dev/null
# 001.8
  $ kubectl get rs -o wide
  NAME    DESIRED   CURRENT   READY   AGE   CONTAINERS         IMAGES                 SELECTOR
  myapp   4         4         4       9s    myapp-containers   ikubernetes/myapp:v1   app=myapp,release=canary
# 001.9
  $ kubectl get pods --show-labels
  NAME          READY   STATUS    RESTARTS   AGE   LABELS
  myapp-2wcxq   1/1     Running   0          4s    app=myapp,release=canary
  myapp-4mb9d   1/1     Running   0          4s    app=myapp,release=canary
  myapp-s2hwz   1/1     Running   0          9s    app=myapp,release=canary
  myapp-vhwjd   1/1     Running   0          9s    app=myapp,release=canary
  $ cp manfests/rs-demo-v2.yaml manfests/rs-demo.yaml >/dev/null
# 001.10
  $ kubectl apply -f manfests/rs-demo.yaml
  replicaset.apps/myapp configured
  $ kctl clock settle >/dev/null
# 001.11
  $ kubectl get pods -o custom-columns=Name:metadata.name,Image:spec.containers[0].image
  Name          Image
  myapp-s2hwz   ikubernetes/myapp:v1
  myapp-vhwjd   ikubernetes/myapp:v1
# 001.12
  $ kubectl delete pods -l app=myapp
  pod "myapp-s2hwz" deleted from default namespace
  pod "myapp-vhwjd" deleted from default namespace
  $ kctl clock settle >/dev/null
# 001.13
  $ kubectl get pods -o custom-columns=Name:metadata.name,Image:spec.containers[0].image
  Name          Image
  myapp-2dzz4   ikubernetes/myapp:v2
  myapp-jnzsr   ikubernetes/myapp:v2
# 001.14
  $ kubectl get rs
  NAME    DESIRED   CURRENT   READY   AGE
  myapp   2         2         2       18s
# 001.15
  $ kubectl get pods
  NAME          READY   STATUS    RESTARTS   AGE
  myapp-2dzz4   1/1     Running   0          5s
  myapp-jnzsr   1/1     Running   0          5s
# 001.16
  $ kubectl scale replicasets myapp --replicas=5
  replicaset.apps/myapp scaled
  $ kctl clock settle >/dev/null
# 001.17
  $ kubectl get rs
  NAME    DESIRED   CURRENT   READY   AGE
  myapp   5         5         5       22s
# 001.18
  $ kubectl get pods
  NAME          READY   STATUS    RESTARTS   AGE
  myapp-2dzz4   1/1     Running   0          9s
  myapp-5g2sd   1/1     Running   0          4s
  myapp-898kz   1/1     Running   0          4s
  myapp-jnzsr   1/1     Running   0          9s
  myapp-l8788   1/1     Running   0          4s
# 001.19
  $ kubectl scale replicasets myapp --replicas=3
  replicaset.apps/myapp scaled
  $ kctl clock settle >/dev/null
# 001.20
  $ kubectl get rs
  NAME    DESIRED   CURRENT   READY   AGE
  myapp   3         3         3       26s
# 001.21
  $ kubectl get pods
  NAME          READY   STATUS    RESTARTS   AGE
  myapp-2dzz4   1/1     Running   0          13s
  myapp-5g2sd   1/1     Running   0          8s
  myapp-jnzsr   1/1     Running   0          13s
# 001.22
  $ kubectl get rs
  NAME    DESIRED   CURRENT   READY   AGE
  myapp   3         3         3       26s
# 001.23
  $ kubectl get pods
  NAME          READY   STATUS    RESTARTS   AGE
  myapp-2dzz4   1/1     Running   0          13s
  myapp-5g2sd   1/1     Running   0          8s
  myapp-jnzsr   1/1     Running   0          13s
# 001.24
  $ kubectl delete replicasets myapp --cascade=false
  warning: --cascade=false is deprecated (boolean value) and can be replaced with --cascade=orphan.
  replicaset.apps "myapp" deleted from default namespace
# 001.25
  $ kubectl get rs
  No resources found in default namespace.
# 001.26
  $ kubectl get pods
  NAME          READY   STATUS    RESTARTS   AGE
  myapp-2dzz4   1/1     Running   0          13s
  myapp-5g2sd   1/1     Running   0          8s
  myapp-jnzsr   1/1     Running   0          13s
  $ kubectl delete pods --all >/dev/null
# 001.27
  $ kubectl explain deployment | head -3
  GROUP:      apps
  KIND:       Deployment
  VERSION:    v1
# 001.28
  $ kubectl explain deployment.spec | head -3
  GROUP:      apps
  KIND:       Deployment
  VERSION:    v1
# 001.29
  $ kubectl explain deployment.spec.template | head -3
  GROUP:      apps
  KIND:       Deployment
  VERSION:    v1
# 001.30
  $ kubectl apply -f manfests/deploy-demo.yaml
  deployment.apps/deploy-demo created
  $ kctl clock settle >/dev/null
# 001.31
  $ kubectl get deployment
  NAME          READY   UP-TO-DATE   AVAILABLE   AGE
  deploy-demo   2/2     2            2           4s
# 001.32
  $ kubectl get replicaset
  NAME                     DESIRED   CURRENT   READY   AGE
  deploy-demo-7cc9c9d596   2         2         2       4s
# 001.33
  $ kubectl get pods
  NAME                           READY   STATUS    RESTARTS   AGE
  deploy-demo-7cc9c9d596-7m7mq   1/1     Running   0          4s
  deploy-demo-7cc9c9d596-fqfns   1/1     Running   0          4s
# 001.34
  $ kubectl explain deployment.spec.strategy.rollingUpdate.maxSurge | head -7
  GROUP:      apps
  KIND:       Deployment
  VERSION:    v1
  
  FIELD: maxSurge <IntOrString>
  
  
# 001.35
  $ kubectl explain deployment.spec.strategy.rollingUpdate.maxUnavailable | head -7
  GROUP:      apps
  KIND:       Deployment
  VERSION:    v1
  
  FIELD: maxUnavailable <IntOrString>
  
  
# 001.36
  $ kubectl explain deployment.spec.revisionHistoryLimit | head -7
  GROUP:      apps
  KIND:       Deployment
  VERSION:    v1
  
  FIELD: revisionHistoryLimit <integer>
  
  
# 001.37
  $ kubectl set image deployment/deploy-demo myapp=ikubernetes/myapp:v2
  deployment.apps/deploy-demo image updated
# 001.38 and 001.39 are watched from other processes in tests/watching.rs; here time passes by the watch itself
  $ kubectl get deployment deploy-demo -w
  NAME          READY   UP-TO-DATE   AVAILABLE   AGE
  deploy-demo   2/2     1            2           4s
  deploy-demo   3/2     1            3           5s
  deploy-demo   2/2     1            2           5s
  deploy-demo   2/2     2            2           5s
  deploy-demo   2/2     2            2           6s
  deploy-demo   3/2     2            3           6s
  deploy-demo   2/2     2            2           6s
  deploy-demo   2/2     2            2           7s
# 001.40
  $ kubectl get rs
  NAME                     DESIRED   CURRENT   READY   AGE
  deploy-demo-5bd9b6cb7f   2         2         2       3s
  deploy-demo-7cc9c9d596   0         0         0       7s
# 001.41
  $ kubectl scale deployment deploy-demo --replicas=3
  deployment.apps/deploy-demo scaled
  $ kctl clock settle >/dev/null
# 001.42
  $ kubectl get pods
  NAME                           READY   STATUS    RESTARTS   AGE
  deploy-demo-5bd9b6cb7f-cgl5w   1/1     Running   0          7s
  deploy-demo-5bd9b6cb7f-pzhbq   1/1     Running   0          4s
  deploy-demo-5bd9b6cb7f-wzjl4   1/1     Running   0          6s
  $ cp manfests/deploy-demo-4.yaml manfests/deploy-demo.yaml >/dev/null
# 001.43
  $ kubectl apply -f manfests/deploy-demo.yaml
  deployment.apps/deploy-demo configured
  $ kctl clock settle >/dev/null
# 001.44
  $ kubectl get pods
  NAME                           READY   STATUS    RESTARTS   AGE
  deploy-demo-7cc9c9d596-6dqj2   1/1     Running   0          5s
  deploy-demo-7cc9c9d596-8kn57   1/1     Running   0          6s
  deploy-demo-7cc9c9d596-glcrz   1/1     Running   0          5s
  deploy-demo-7cc9c9d596-stzqc   1/1     Running   0          6s
# 001.45
  $ kubectl patch deployment deploy-demo -p '{"spec":{"replicas":5}}'
  deployment.apps/deploy-demo patched
  $ kctl clock settle >/dev/null
# 001.46
  $ kubectl get pods
  NAME                           READY   STATUS    RESTARTS   AGE
  deploy-demo-7cc9c9d596-6dqj2   1/1     Running   0          9s
  deploy-demo-7cc9c9d596-8kn57   1/1     Running   0          10s
  deploy-demo-7cc9c9d596-flj5q   1/1     Running   0          4s
  deploy-demo-7cc9c9d596-glcrz   1/1     Running   0          9s
  deploy-demo-7cc9c9d596-stzqc   1/1     Running   0          10s
# 001.47
  $ kubectl patch deployment deploy-demo -p '{"spec":{"strategy":{"rollingUpdate":{"maxSurge":1,"maxUnavailable":0}}}}'
  deployment.apps/deploy-demo patched
# 001.48
  $ kubectl set image deployment/deploy-demo myapp=ikubernetes/myapp:v3 && kubectl rollout pause deployment deploy-demo
  deployment.apps/deploy-demo image updated
  deployment.apps/deploy-demo paused
  $ kctl clock settle >/dev/null
# 001.49
  $ kubectl get deployment
  NAME          READY   UP-TO-DATE   AVAILABLE   AGE
  deploy-demo   6/5     1            6           26s
# 001.50
  $ kubectl get pods -o custom-columns=Name:metadata.name,Image:spec.containers[0].image
  Name                           Image
  deploy-demo-5697b4457d-h59rm   ikubernetes/myapp:v3
  deploy-demo-7cc9c9d596-6dqj2   ikubernetes/myapp:v1
  deploy-demo-7cc9c9d596-8kn57   ikubernetes/myapp:v1
  deploy-demo-7cc9c9d596-flj5q   ikubernetes/myapp:v1
  deploy-demo-7cc9c9d596-glcrz   ikubernetes/myapp:v1
  deploy-demo-7cc9c9d596-stzqc   ikubernetes/myapp:v1
# 001.51
  $ kubectl rollout status deployment/deploy-demo --timeout=5s
  Waiting for deployment "deploy-demo" rollout to finish: 1 out of 5 new replicas have been updated...
  error: timed out waiting for the condition
  [1]
# 001.52
  $ kubectl rollout resume deployment deploy-demo
  deployment.apps/deploy-demo resumed
# 001.55
  $ kubectl rollout status deployment/deploy-demo
  Waiting for deployment "deploy-demo" rollout to finish: 2 out of 5 new replicas have been updated...
  Waiting for deployment "deploy-demo" rollout to finish: 2 out of 5 new replicas have been updated...
  Waiting for deployment "deploy-demo" rollout to finish: 2 out of 5 new replicas have been updated...
  Waiting for deployment "deploy-demo" rollout to finish: 2 out of 5 new replicas have been updated...
  Waiting for deployment "deploy-demo" rollout to finish: 3 out of 5 new replicas have been updated...
  Waiting for deployment "deploy-demo" rollout to finish: 3 out of 5 new replicas have been updated...
  Waiting for deployment "deploy-demo" rollout to finish: 3 out of 5 new replicas have been updated...
  Waiting for deployment "deploy-demo" rollout to finish: 3 out of 5 new replicas have been updated...
  Waiting for deployment "deploy-demo" rollout to finish: 4 out of 5 new replicas have been updated...
  Waiting for deployment "deploy-demo" rollout to finish: 4 out of 5 new replicas have been updated...
  Waiting for deployment "deploy-demo" rollout to finish: 4 out of 5 new replicas have been updated...
  Waiting for deployment "deploy-demo" rollout to finish: 4 out of 5 new replicas have been updated...
  Waiting for deployment "deploy-demo" rollout to finish: 1 old replicas are pending termination...
  Waiting for deployment "deploy-demo" rollout to finish: 1 old replicas are pending termination...
  Waiting for deployment "deploy-demo" rollout to finish: 1 old replicas are pending termination...
  deployment "deploy-demo" successfully rolled out
  $ kctl clock settle >/dev/null
# 001.53
  $ kubectl get deployment
  NAME          READY   UP-TO-DATE   AVAILABLE   AGE
  deploy-demo   5/5     5            5           40s
# 001.54
  $ kubectl get pods -o custom-columns=Name:metadata.name,Image:spec.containers[0].image
  Name                           Image
  deploy-demo-5697b4457d-ftl6c   ikubernetes/myapp:v3
  deploy-demo-5697b4457d-h59rm   ikubernetes/myapp:v3
  deploy-demo-5697b4457d-nskbl   ikubernetes/myapp:v3
  deploy-demo-5697b4457d-pfb5w   ikubernetes/myapp:v3
  deploy-demo-5697b4457d-s87z4   ikubernetes/myapp:v3
# 001.56
  $ kubectl rollout undo deployment/deploy-demo
  Warning: resource deployments/deploy-demo was previously managed with 'kubectl apply'. Rolling back will not update the kubectl.kubernetes.io/last-applied-configuration annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.
  deployment.apps/deploy-demo rolled back
  $ kctl clock settle >/dev/null
# 001.57
  $ kubectl get pods -o custom-columns=Name:metadata.name,Image:spec.containers[0].image
  Name                           Image
  deploy-demo-7cc9c9d596-2f9jv   ikubernetes/myapp:v1
  deploy-demo-7cc9c9d596-5496n   ikubernetes/myapp:v1
  deploy-demo-7cc9c9d596-b9j5v   ikubernetes/myapp:v1
  deploy-demo-7cc9c9d596-cq52j   ikubernetes/myapp:v1
  deploy-demo-7cc9c9d596-phml4   ikubernetes/myapp:v1
# 001.58
  $ kubectl rollout history deployment/deploy-demo
  deployment.apps/deploy-demo 
  REVISION  CHANGE-CAUSE
  2         <none>
  4         <none>
  5         <none>
  
# 001.59
  $ kubectl rollout undo deployment/deploy-demo --to-revision=2
  Warning: resource deployments/deploy-demo was previously managed with 'kubectl apply'. Rolling back will not update the kubectl.kubernetes.io/last-applied-configuration annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.
  deployment.apps/deploy-demo rolled back
  $ kctl clock settle >/dev/null
# 001.60
  $ kubectl get pods -o custom-columns=Name:metadata.name,Image:spec.containers[0].image
  Name                           Image
  deploy-demo-5bd9b6cb7f-6krp7   ikubernetes/myapp:v2
  deploy-demo-5bd9b6cb7f-7krld   ikubernetes/myapp:v2
  deploy-demo-5bd9b6cb7f-rl7l9   ikubernetes/myapp:v2
  deploy-demo-5bd9b6cb7f-wmwjt   ikubernetes/myapp:v2
  deploy-demo-5bd9b6cb7f-xpfjm   ikubernetes/myapp:v2
  $ kubectl rollout history deployment/deploy-demo
  deployment.apps/deploy-demo 
  REVISION  CHANGE-CAUSE
  4         <none>
  5         <none>
  6         <none>
  
  $ kubectl delete deployment deploy-demo >/dev/null
  $ kctl clock settle >/dev/null
# 001.61
  $ kubectl apply -f manfests/daemonset-demo.yaml
  daemonset.apps/daemset-nginx created
  $ kctl clock settle >/dev/null
# 001.62
  $ kubectl get pods -o wide
  NAME                  READY   STATUS    RESTARTS   AGE   IP            NODE        NOMINATED NODE   READINESS GATES
  daemset-nginx-vhbrp   1/1     Running   0          5s    10.244.2.19   k8s-node2   <none>           <none>
  daemset-nginx-wdrm2   1/1     Running   0          5s    10.244.1.19   k8s-node1   <none>           <none>
# 001.63
  $ kubectl describe daemonset/daemset-nginx | head -14
  Name:           daemset-nginx
  Namespace:      default
  Selector:       app=daem-nginx
  Node-Selector:  <none>
  Labels:         app=daem-nginx
  Annotations:    deprecated.daemonset.template.generation: 1
  Desired Number of Nodes Scheduled: 2
  Current Number of Nodes Scheduled: 2
  Number of Nodes Scheduled with Up-to-date Pods: 2
  Number of Nodes Scheduled with Available Pods: 2
  Number of Nodes Misscheduled: 0
  Pods Status:  2 Running / 0 Waiting / 0 Succeeded / 0 Failed
  Pod Template:
    Labels:  app=daem-nginx
# 001.64
  $ kubectl explain daemonset.spec.updateStrategy | head -6
  GROUP:      apps
  KIND:       DaemonSet
  VERSION:    v1
  
  FIELD: updateStrategy <DaemonSetUpdateStrategy>
  
# 001.65
  $ kubectl get pods -l app=daem-nginx -o custom-columns=NAME:metadata.name,NODE:spec.nodeName,Image:spec.containers[0].image
  NAME                  NODE        Image
  daemset-nginx-vhbrp   k8s-node2   nginx:1.12
  daemset-nginx-wdrm2   k8s-node1   nginx:1.12
# 001.66
  $ kubectl set image daemonset/daemset-nginx nginx-pod=nginx:1.14
  daemonset.apps/daemset-nginx image updated
  $ kctl clock settle >/dev/null
# 001.67
  $ kubectl get pods -l app=daem-nginx -o custom-columns=NAME:metadata.name,NODE:spec.nodeName,Image:spec.containers[0].image
  NAME                  NODE        Image
  daemset-nginx-bwc4n   k8s-node2   nginx:1.14
  daemset-nginx-vf4th   k8s-node1   nginx:1.14
# 001.68
  $ kubectl describe daemonset daemset-nginx | sed -n '/^Events/,$p'
  Events:
    Type    Reason            Age   From                  Message
    ----    ------            ----  ----                  -------
    Normal  SuccessfulCreate  14s   daemonset-controller  Created pod: daemset-nginx-wdrm2
    Normal  SuccessfulCreate  14s   daemonset-controller  Created pod: daemset-nginx-vhbrp
    Normal  SuccessfulDelete  9s    daemonset-controller  Deleted pod: daemset-nginx-wdrm2
    Normal  SuccessfulCreate  8s    daemonset-controller  Created pod: daemset-nginx-vf4th
    Normal  SuccessfulDelete  6s    daemonset-controller  Deleted pod: daemset-nginx-vhbrp
    Normal  SuccessfulCreate  5s    daemonset-controller  Created pod: daemset-nginx-bwc4n
  $ kubectl delete ds daemset-nginx >/dev/null
  $ kctl clock settle >/dev/null
# 001.69
  $ kubectl explain statefulset | grep -E '^(GROUP|KIND|VERSION)|^  [a-z]'
  GROUP:      apps
  KIND:       StatefulSet
  VERSION:    v1
    apiVersion	<string>
    kind	<string>
    metadata	<ObjectMeta>
    spec	<StatefulSetSpec>
    status	<StatefulSetStatus>
# 001.70
  $ kubectl explain statefulset.spec | grep -E '^  [a-z]'
    minReadySeconds	<integer>
    ordinals	<StatefulSetOrdinals>
    persistentVolumeClaimRetentionPolicy	<StatefulSetPersistentVolumeClaimRetentionPolicy>
    podManagementPolicy	<string>
    enum: OrderedReady, Parallel
    replicas	<integer>
    revisionHistoryLimit	<integer>
    selector	<LabelSelector> -required-
    serviceName	<string>
    template	<PodTemplateSpec> -required-
    updateStrategy	<StatefulSetUpdateStrategy>
    volumeClaimTemplates	<[]PersistentVolumeClaim>
  $ cp pv-nfs-as-shown.yaml pv-nfs.yaml; cp statefulset-demo-as-shown.yaml statefulset-demo.yaml
# 001.71
  $ kubectl apply -f pv-nfs.yaml
  persistentvolume/pv-nfs-001 created
  persistentvolume/pv-nfs-002 created
  persistentvolume/pv-nfs-003 created
  persistentvolume/pv-nfs-004 created
  persistentvolume/pv-nfs-005 created
# 001.72
  $ kubectl get pv
  NAME         CAPACITY   ACCESS MODES   RECLAIM POLICY   STATUS      CLAIM   STORAGECLASS   VOLUMEATTRIBUTESCLASS   REASON   AGE
  pv-nfs-001   2Gi        RWO,RWX        Retain           Available                          <unset>                          0s
  pv-nfs-002   5Gi        RWO            Retain           Available                          <unset>                          0s
  pv-nfs-003   5Gi        RWO,RWX        Retain           Available                          <unset>                          0s
  pv-nfs-004   5Gi        RWO,RWX        Retain           Available                          <unset>                          0s
  pv-nfs-005   5Gi        RWO,RWX        Retain           Available                          <unset>                          0s
# 001.73
  $ kubectl apply -f statefulset-demo.yaml
  service/nginx-svc created
  statefulset.apps/nginx-statefulset created
# 001.79
  $ kubectl get pods -w
  NAME                  READY   STATUS              RESTARTS   AGE
  nginx-statefulset-0   0/1     ContainerCreating   0          0s
  nginx-statefulset-0   1/1     Running             0          1s
  nginx-statefulset-1   0/1     Pending             0          0s
  nginx-statefulset-1   0/1     Pending             0          0s
  nginx-statefulset-1   0/1     Pending             0          0s
  nginx-statefulset-1   0/1     ContainerCreating   0          0s
  nginx-statefulset-1   1/1     Running             0          1s
  nginx-statefulset-2   0/1     Pending             0          0s
  nginx-statefulset-2   0/1     Pending             0          0s
  nginx-statefulset-2   0/1     Pending             0          0s
  nginx-statefulset-2   0/1     ContainerCreating   0          0s
  nginx-statefulset-2   1/1     Running             0          1s
# 001.74
  $ kubectl get svc
  NAME         TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE
  kubernetes   ClusterIP   10.96.0.1    <none>        443/TCP   110s
  nginx-svc    ClusterIP   None         <none>        80/TCP    3s
# 001.75
  $ kubectl get pv
  NAME         CAPACITY   ACCESS MODES   RECLAIM POLICY   STATUS      CLAIM                                   STORAGECLASS   VOLUMEATTRIBUTESCLASS   REASON   AGE
  pv-nfs-001   2Gi        RWO,RWX        Retain           Available                                                          <unset>                          3s
  pv-nfs-002   5Gi        RWO            Retain           Bound       default/nginxdata-nginx-statefulset-0                  <unset>                          3s
  pv-nfs-003   5Gi        RWO,RWX        Retain           Bound       default/nginxdata-nginx-statefulset-1                  <unset>                          3s
  pv-nfs-004   5Gi        RWO,RWX        Retain           Bound       default/nginxdata-nginx-statefulset-2                  <unset>                          3s
  pv-nfs-005   5Gi        RWO,RWX        Retain           Available                                                          <unset>                          3s
# 001.76
  $ kubectl get pvc
  NAME                            STATUS   VOLUME       CAPACITY   ACCESS MODES   STORAGECLASS   VOLUMEATTRIBUTESCLASS   AGE
  nginxdata-nginx-statefulset-0   Bound    pv-nfs-002   5Gi        RWO                           <unset>                 3s
  nginxdata-nginx-statefulset-1   Bound    pv-nfs-003   5Gi        RWO,RWX                       <unset>                 2s
  nginxdata-nginx-statefulset-2   Bound    pv-nfs-004   5Gi        RWO,RWX                       <unset>                 1s
# 001.77
  $ kubectl get statefulset
  NAME                READY   AGE
  nginx-statefulset   3/3     3s
# 001.78
  $ kubectl get pods
  NAME                  READY   STATUS    RESTARTS   AGE
  nginx-statefulset-0   1/1     Running   0          3s
  nginx-statefulset-1   1/1     Running   0          2s
  nginx-statefulset-2   1/1     Running   0          1s
# 001.80
  $ kubectl delete -f statefulset-demo.yaml
  service "nginx-svc" deleted from default namespace
  statefulset.apps "nginx-statefulset" deleted from default namespace
# 001.81
  $ kubectl get pods -w
  NAME                  READY   STATUS        RESTARTS   AGE
  nginx-statefulset-0   1/1     Terminating   0          3s
  nginx-statefulset-1   1/1     Terminating   0          2s
  nginx-statefulset-2   1/1     Terminating   0          1s
  nginx-statefulset-0   0/1     Terminating   0          4s
  nginx-statefulset-0   0/1     Terminating   0          4s
  nginx-statefulset-0   0/1     Terminating   0          4s
  nginx-statefulset-1   0/1     Terminating   0          3s
  nginx-statefulset-1   0/1     Terminating   0          3s
  nginx-statefulset-1   0/1     Terminating   0          3s
  nginx-statefulset-2   0/1     Terminating   0          2s
  nginx-statefulset-2   0/1     Terminating   0          2s
  nginx-statefulset-2   0/1     Terminating   0          2s
# 001.82
  $ kubectl apply -f statefulset-demo.yaml
  service/nginx-svc created
  statefulset.apps/nginx-statefulset created
# 001.83
  $ kubectl get pvc
  NAME                            STATUS   VOLUME       CAPACITY   ACCESS MODES   STORAGECLASS   VOLUMEATTRIBUTESCLASS   AGE
  nginxdata-nginx-statefulset-0   Bound    pv-nfs-002   5Gi        RWO                           <unset>                 4s
  nginxdata-nginx-statefulset-1   Bound    pv-nfs-003   5Gi        RWO,RWX                       <unset>                 3s
  nginxdata-nginx-statefulset-2   Bound    pv-nfs-004   5Gi        RWO,RWX                       <unset>                 2s
  $ kctl clock settle >/dev/null
# 001.84
  $ kubectl get pods -o wide
  NAME                  READY   STATUS    RESTARTS   AGE   IP            NODE        NOMINATED NODE   READINESS GATES
  nginx-statefulset-0   1/1     Running   0          6s    10.244.2.23   k8s-node2   <none>           <none>
  nginx-statefulset-1   1/1     Running   0          5s    10.244.1.22   k8s-node1   <none>           <none>
  nginx-statefulset-2   1/1     Running   0          4s    10.244.2.24   k8s-node2   <none>           <none>
# 001.85
  $ kubectl scale statefulset/nginx-statefulset --replicas=4
  statefulset.apps/nginx-statefulset scaled
  $ kctl clock settle >/dev/null
# 001.86
  $ kubectl get pods
  NAME                  READY   STATUS    RESTARTS   AGE
  nginx-statefulset-0   1/1     Running   0          10s
  nginx-statefulset-1   1/1     Running   0          9s
  nginx-statefulset-2   1/1     Running   0          8s
  nginx-statefulset-3   1/1     Running   0          4s
# 001.87
  $ kubectl get pv
  NAME         CAPACITY   ACCESS MODES   RECLAIM POLICY   STATUS      CLAIM                                   STORAGECLASS   VOLUMEATTRIBUTESCLASS   REASON   AGE
  pv-nfs-001   2Gi        RWO,RWX        Retain           Available                                                          <unset>                          14s
  pv-nfs-002   5Gi        RWO            Retain           Bound       default/nginxdata-nginx-statefulset-0                  <unset>                          14s
  pv-nfs-003   5Gi        RWO,RWX        Retain           Bound       default/nginxdata-nginx-statefulset-1                  <unset>                          14s
  pv-nfs-004   5Gi        RWO,RWX        Retain           Bound       default/nginxdata-nginx-statefulset-2                  <unset>                          14s
  pv-nfs-005   5Gi        RWO,RWX        Retain           Bound       default/nginxdata-nginx-statefulset-3                  <unset>                          14s
# 001.88
  $ kubectl patch sts/nginx-statefulset -p '{"spec":{"replicas":2}}'
  statefulset.apps/nginx-statefulset patched
# 001.89
  $ kubectl get pods -w
  NAME                  READY   STATUS    RESTARTS   AGE
  nginx-statefulset-0   1/1     Running   0          10s
  nginx-statefulset-1   1/1     Running   0          9s
  nginx-statefulset-2   1/1     Running   0          8s
  nginx-statefulset-3   1/1     Terminating   0          4s
  nginx-statefulset-3   0/1     Terminating   0          5s
  nginx-statefulset-3   0/1     Terminating   0          5s
  nginx-statefulset-3   0/1     Terminating   0          5s
  nginx-statefulset-2   1/1     Terminating   0          9s
  nginx-statefulset-2   0/1     Terminating   0          10s
  nginx-statefulset-2   0/1     Terminating   0          10s
  nginx-statefulset-2   0/1     Terminating   0          10s
# 001.90
  $ kubectl patch sts/nginx-statefulset -p '{"spec":{"replicas":4}}'
  statefulset.apps/nginx-statefulset patched
  $ kctl clock settle >/dev/null
# 001.91
  $ kubectl set image statefulset nginx-statefulset nginx=nginx:1.14
  statefulset.apps/nginx-statefulset image updated
# 001.92
  $ kubectl get pods -w
  NAME                  READY   STATUS    RESTARTS   AGE
  nginx-statefulset-0   1/1     Running   0          17s
  nginx-statefulset-1   1/1     Running   0          16s
  nginx-statefulset-2   1/1     Running   0          5s
  nginx-statefulset-3   1/1     Terminating   0          4s
  nginx-statefulset-3   0/1     Terminating   0          5s
  nginx-statefulset-3   0/1     Terminating   0          5s
  nginx-statefulset-3   0/1     Terminating   0          5s
  nginx-statefulset-3   0/1     Pending       0          0s
  nginx-statefulset-3   0/1     Pending       0          0s
  nginx-statefulset-3   0/1     ContainerCreating   0          0s
  nginx-statefulset-3   1/1     Running             0          1s
  nginx-statefulset-2   1/1     Terminating         0          7s
  nginx-statefulset-2   0/1     Terminating         0          8s
  nginx-statefulset-2   0/1     Terminating         0          8s
  nginx-statefulset-2   0/1     Terminating         0          8s
  nginx-statefulset-2   0/1     Pending             0          0s
  nginx-statefulset-2   0/1     Pending             0          0s
  nginx-statefulset-2   0/1     ContainerCreating   0          0s
  nginx-statefulset-2   1/1     Running             0          1s
  nginx-statefulset-1   1/1     Terminating         0          20s
  nginx-statefulset-1   0/1     Terminating         0          21s
  nginx-statefulset-1   0/1     Terminating         0          21s
  nginx-statefulset-1   0/1     Terminating         0          21s
  nginx-statefulset-1   0/1     Pending             0          0s
  nginx-statefulset-1   0/1     Pending             0          0s
  nginx-statefulset-1   0/1     ContainerCreating   0          0s
  nginx-statefulset-1   1/1     Running             0          1s
  nginx-statefulset-0   1/1     Terminating         0          23s
  nginx-statefulset-0   0/1     Terminating         0          24s
  nginx-statefulset-0   0/1     Terminating         0          24s
  nginx-statefulset-0   0/1     Terminating         0          24s
  nginx-statefulset-0   0/1     Pending             0          0s
  nginx-statefulset-0   0/1     Pending             0          0s
  nginx-statefulset-0   0/1     ContainerCreating   0          0s
  nginx-statefulset-0   1/1     Running             0          1s
# 001.93
  $ kubectl get pods -l app=nginx-pod -o custom-columns=NAME:metadata.name,IMAGE:spec.containers[0].image
  NAME                  IMAGE
  nginx-statefulset-0   nginx:1.14
  nginx-statefulset-1   nginx:1.14
  nginx-statefulset-2   nginx:1.14
  nginx-statefulset-3   nginx:1.14
# 001.94 as printed, with a brace too many
  $ kubectl patch sts/nginx-statefulset -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}}}}}'
  Error from server (BadRequest): invalid character '}' after top-level value
  [1]
# 001.94 as meant
  $ kubectl patch sts/nginx-statefulset -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}}}}'
  statefulset.apps/nginx-statefulset patched
# 001.95
  $ kubectl set image statefulset nginx-statefulset nginx=nginx:1.12
  statefulset.apps/nginx-statefulset image updated
  $ kubectl rollout status sts/nginx-statefulset
  Waiting for partitioned roll out to finish: 0 out of 2 new pods have been updated...
  Waiting for 1 pods to be ready...
  Waiting for 1 pods to be ready...
  Waiting for 1 pods to be ready...
  Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated...
  Waiting for 1 pods to be ready...
  Waiting for 1 pods to be ready...
  Waiting for 1 pods to be ready...
  partitioned roll out complete: 2 new pods have been updated...
# 001.96
  $ kubectl get pods -w
  NAME                  READY   STATUS    RESTARTS   AGE
  nginx-statefulset-0   1/1     Running   0          5s
  nginx-statefulset-1   1/1     Running   0          7s
  nginx-statefulset-2   1/1     Running   0          1s
  nginx-statefulset-3   1/1     Running   0          3s
# 001.97
  $ kubectl get pods -l app=nginx-pod -o custom-columns=NAME:metadata.name,IMAGE:spec.containers[0].image
  NAME                  IMAGE
  nginx-statefulset-0   nginx:1.14
  nginx-statefulset-1   nginx:1.14
  nginx-statefulset-2   nginx:1.12
  nginx-statefulset-3   nginx:1.12
# 001.98 as meant
  $ kubectl patch sts/nginx-statefulset -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'
  statefulset.apps/nginx-statefulset patched
# 001.99
  $ kubectl get pods -w
  NAME                  READY   STATUS    RESTARTS   AGE
  nginx-statefulset-0   1/1     Running   0          5s
  nginx-statefulset-1   1/1     Terminating   0          7s
  nginx-statefulset-2   1/1     Running       0          1s
  nginx-statefulset-3   1/1     Running       0          3s
  nginx-statefulset-1   0/1     Terminating   0          8s
  nginx-statefulset-1   0/1     Terminating   0          8s
  nginx-statefulset-1   0/1     Terminating   0          8s
  nginx-statefulset-1   0/1     Pending       0          0s
  nginx-statefulset-1   0/1     Pending       0          0s
  nginx-statefulset-1   0/1     ContainerCreating   0          0s
  nginx-statefulset-1   1/1     Running             0          1s
  nginx-statefulset-0   1/1     Terminating         0          7s
  nginx-statefulset-0   0/1     Terminating         0          8s
  nginx-statefulset-0   0/1     Terminating         0          8s
  nginx-statefulset-0   0/1     Terminating         0          8s
  nginx-statefulset-0   0/1     Pending             0          0s
  nginx-statefulset-0   0/1     Pending             0          0s
  nginx-statefulset-0   0/1     ContainerCreating   0          0s
  nginx-statefulset-0   1/1     Running             0          1s
