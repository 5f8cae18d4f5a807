# Document 004: notes on Pod, Deployment, StatefulSet and DaemonSet. Each step names its entry of the list of commands.
# kctl: seed=9

# 004.1
  $ kubectl run web --image=nginx:1.7.9
  pod/web created
  $ kctl clock settle >/dev/null
# 004.2
  $ kubectl delete pod web --grace-period=5
  pod "web" deleted from default namespace
  $ kubectl run web --image=nginx:1.7.9 >/dev/null
  $ kctl clock settle >/dev/null
# 004.3
  $ kubectl delete pod web --grace-period=0 --force
  Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.
  pod "web" force deleted from default namespace
# 004.4, from a file: there is no network
  $ kubectl apply -f nginx-deployment.yaml
  deployment.apps/nginx-deployment created
# 004.5, from a file
  $ kubectl apply -f nginx-deployment.yaml --record
  Flag --record has been deprecated, --record will be removed in the future
  deployment.apps/nginx-deployment configured
# 004.6
  $ kubectl get deployments
  NAME               READY   UP-TO-DATE   AVAILABLE   AGE
  nginx-deployment   0/3     3            0           0s
# 004.7
  $ kubectl rollout status deployment.v1.apps/nginx-deployment
  Waiting for deployment "nginx-deployment" rollout to finish: 0 of 3 updated replicas are available...
  Waiting for deployment "nginx-deployment" rollout to finish: 1 of 3 updated replicas are available...
  Waiting for deployment "nginx-deployment" rollout to finish: 2 of 3 updated replicas are available...
  deployment "nginx-deployment" successfully rolled out
# 004.8
  $ kubectl get rs
  NAME                         DESIRED   CURRENT   READY   AGE
  nginx-deployment-98d45795f   3         3         3       1s
# 004.9
  $ kubectl get pods --show-labels
  NAME                               READY   STATUS    RESTARTS   AGE   LABELS
  nginx-deployment-98d45795f-cx5qs   1/1     Running   0          1s    app=nginx,pod-template-hash=98d45795f
  nginx-deployment-98d45795f-jf4tk   1/1     Running   0          1s    app=nginx,pod-template-hash=98d45795f
  nginx-deployment-98d45795f-scdln   1/1     Running   0          1s    app=nginx,pod-template-hash=98d45795f
# 004.10
  $ kubectl apply -f nginx-deployment.yaml
  deployment.apps/nginx-deployment configured
# 004.11
  $ kubectl --record deployment.apps/nginx-deployment set image deployment.v1.apps/nginx-deployment nginx=nginx:1.9.1
  Flag --record has been deprecated, --record will be removed in the future
  deployment.apps/nginx-deployment image updated
  deployment.apps/nginx-deployment image updated
# 004.12 without a change
  $ EDITOR=true kubectl edit deployment.v1.apps/nginx-deployment
  Edit cancelled, no changes made.
# 004.13
  $ kubectl rollout status deployment.v1.apps/nginx-deployment
  Waiting for deployment "nginx-deployment" rollout to finish: 1 out of 3 new replicas have been updated...
  Waiting for deployment "nginx-deployment" rollout to finish: 1 out of 3 new replicas have been updated...
  Waiting for deployment "nginx-deployment" rollout to finish: 1 out of 3 new replicas have been updated...
  Waiting for deployment "nginx-deployment" rollout to finish: 2 out of 3 new replicas have been updated...
  Waiting for deployment "nginx-deployment" rollout to finish: 2 out of 3 new replicas have been updated...
  Waiting for deployment "nginx-deployment" rollout to finish: 2 out of 3 new replicas have been updated...
  Waiting for deployment "nginx-deployment" rollout to finish: 2 out of 3 new replicas have been updated...
  Waiting for deployment "nginx-deployment" rollout to finish: 1 old replicas are pending termination...
  Waiting for deployment "nginx-deployment" rollout to finish: 1 old replicas are pending termination...
  Waiting for deployment "nginx-deployment" rollout to finish: 1 old replicas are pending termination...
  deployment "nginx-deployment" successfully rolled out
  $ kctl clock settle >/dev/null
# 004.14
  $ kubectl set image deployment.v1.apps/nginx-deployment nginx=nginx:1.91 --record=true
  Flag --record has been deprecated, --record will be removed in the future
  deployment.apps/nginx-deployment image updated
# 004.15
  $ kubectl rollout status deployment.v1.apps/nginx-deployment
  Waiting for deployment "nginx-deployment" rollout to finish: 1 out of 3 new replicas have been updated...
  error: deployment "nginx-deployment" exceeded its progress deadline
  [1]
# 004.16
  $ kubectl get rs
  NAME                          DESIRED   CURRENT   READY   AGE
  nginx-deployment-7b464744bf   3         3         3       10m
  nginx-deployment-7fc57cbdb7   1         1         0       10m
  nginx-deployment-98d45795f    0         0         0       10m
# 004.17
  $ kubectl get pods
  NAME                                READY   STATUS             RESTARTS   AGE
  nginx-deployment-7b464744bf-jg9v6   1/1     Running            0          10m
  nginx-deployment-7b464744bf-l8mk8   1/1     Running            0          10m
  nginx-deployment-7b464744bf-tfp4q   1/1     Running            0          10m
  nginx-deployment-7fc57cbdb7-xgbbj   0/1     ImagePullBackOff   0          10m
# 004.18
  $ kubectl describe deployment
  Name:                   nginx-deployment
  Namespace:              default
  CreationTimestamp:      Thu, 01 Jan 2026 00:00:11 +0000
  Labels:                 app=nginx
  Annotations:            deployment.kubernetes.io/revision: 3
                          kubernetes.io/change-cause: kubectl set image deployment.v1.apps/nginx-deployment nginx=nginx:1.91 --record=true
  Selector:               app=nginx
  Replicas:               3 desired | 1 updated | 4 total | 3 available | 1 unavailable
  StrategyType:           RollingUpdate
  MinReadySeconds:        0
  RollingUpdateStrategy:  25% max unavailable, 25% max surge
  Pod Template:
    Labels:  app=nginx
    Containers:
     nginx:
      Image:         nginx:1.91
      Port:          80/TCP
      Host Port:     0/TCP
      Environment:   <none>
      Mounts:        <none>
    Volumes:         <none>
    Node-Selectors:  <none>
    Tolerations:     <none>
  Conditions:
    Type           Status  Reason
    ----           ------  ------
    Available      True    MinimumReplicasAvailable
    Progressing    False   ProgressDeadlineExceeded
  OldReplicaSets:  nginx-deployment-98d45795f (0/0 replicas created), nginx-deployment-7b464744bf (3/3 replicas created)
  NewReplicaSet:   nginx-deployment-7fc57cbdb7 (1/1 replicas created)
  Events:
    Type    Reason             Age   From                   Message
    ----    ------             ----  ----                   -------
    Normal  ScalingReplicaSet  10m   deployment-controller  Scaled up replica set nginx-deployment-98d45795f from 0 to 3
    Normal  ScalingReplicaSet  10m   deployment-controller  Scaled up replica set nginx-deployment-7b464744bf from 0 to 1
    Normal  ScalingReplicaSet  10m   deployment-controller  Scaled down replica set nginx-deployment-98d45795f from 3 to 2
    Normal  ScalingReplicaSet  10m   deployment-controller  Scaled up replica set nginx-deployment-7b464744bf from 1 to 2
    Normal  ScalingReplicaSet  10m   deployment-controller  Scaled down replica set nginx-deployment-98d45795f from 2 to 1
    Normal  ScalingReplicaSet  10m   deployment-controller  Scaled up replica set nginx-deployment-7b464744bf from 2 to 3
    Normal  ScalingReplicaSet  10m   deployment-controller  Scaled down replica set nginx-deployment-98d45795f from 1 to 0
    Normal  ScalingReplicaSet  10m   deployment-controller  Scaled up replica set nginx-deployment-7fc57cbdb7 from 0 to 1
# 004.19
  $ kubectl rollout history deployment.v1.apps/nginx-deployment
  deployment.apps/nginx-deployment 
  REVISION  CHANGE-CAUSE
  1         kubectl apply --filename=nginx-deployment.yaml --record=true
  2         kubectl deployment.apps/nginx-deployment set image deployment.v1.apps/nginx-deployment nginx=nginx:1.9.1 --record=true
  3         kubectl set image deployment.v1.apps/nginx-deployment nginx=nginx:1.91 --record=true
  
# 004.20
  $ kubectl annotate deployment.v1.apps/nginx-deployment kubernetes.io/change-cause="image updated to 1.9.1"
  deployment.apps/nginx-deployment annotated
  $ kubectl rollout history deployment.v1.apps/nginx-deployment
  deployment.apps/nginx-deployment 
  REVISION  CHANGE-CAUSE
  1         kubectl apply --filename=nginx-deployment.yaml --record=true
  2         kubectl deployment.apps/nginx-deployment set image deployment.v1.apps/nginx-deployment nginx=nginx:1.9.1 --record=true
  3         image updated to 1.9.1
  
# 004.21
  $ kubectl rollout history deployment.v1.apps/nginx-deployment --revision=2
  deployment.apps/nginx-deployment with revision #2
  Pod Template:
    Labels:	app=nginx
  	pod-template-hash=7b464744bf
    Annotations:	kubernetes.io/change-cause:
  	  kubectl deployment.apps/nginx-deployment set image deployment.v1.apps/nginx-deployment nginx=nginx:1.9.1 --record=true
    Containers:
     nginx:
      Image:	nginx:1.9.1
      Port:	80/TCP
      Host Port:	0/TCP
      Environment:	<none>
      Mounts:	<none>
    Volumes:	<none>
    Node-Selectors:	<none>
    Tolerations:	<none>
  
# 004.22
  $ kubectl rollout undo deployment.v1.apps/nginx-deploymen
  Error from server (NotFound): deployments.apps "nginx-deploymen" not found
  [1]
# 004.23
  $ kubectl rollout undo deployment.v1.apps/nginx-deployment --to-revision=2
  Warning: resource deployments/nginx-deployment was previously managed with 'kubectl apply'. Rolling back will not update the kubectl.kubernetes.io/last-applied-configuration annotation, which may cause unexpected behavior on future 'kubectl apply' operations. Consider using 'kubectl apply' with your previous configuration file instead.
  deployment.apps/nginx-deployment rolled back
  $ kctl clock settle >/dev/null
# 004.24
  $ kubectl get deployment nginx-deployment
  NAME               READY   UP-TO-DATE   AVAILABLE   AGE
  nginx-deployment   3/3     3            3           10m
# 004.25
  $ kubectl describe deployment nginx-deployment | head -14
  Name:                   nginx-deployment
  Namespace:              default
  CreationTimestamp:      Thu, 01 Jan 2026 00:00:11 +0000
  Labels:                 app=nginx
  Annotations:            deployment.kubernetes.io/revision: 4
                          kubernetes.io/change-cause:
                            kubectl deployment.apps/nginx-deployment set image deployment.v1.apps/nginx-deployment nginx=nginx:1.9.1 --record=true
  Selector:               app=nginx
  Replicas:               3 desired | 3 updated | 3 total | 3 available | 0 unavailable
  StrategyType:           RollingUpdate
  MinReadySeconds:        0
  RollingUpdateStrategy:  25% max unavailable, 25% max surge
  Pod Template:
    Labels:  app=nginx
# 004.26
  $ kubectl scale deployment.v1.apps/nginx-deployment --replicas=10
  deployment.apps/nginx-deployment scaled
  $ kctl clock settle >/dev/null
# 004.27
  $ kubectl autoscale deployment.v1.apps/nginx-deployment --min=10 --max=15 --cpu-percent=80
  Flag --cpu-percent has been deprecated, Use --cpu with percentage or resource quantity format (e.g., '70%' for utilization or '500m' for milliCPU).
  horizontalpodautoscaler.autoscaling/nginx-deployment autoscaled
  $ kubectl get hpa
  NAME               REFERENCE                     TARGETS              MINPODS   MAXPODS   REPLICAS   AGE
  nginx-deployment   Deployment/nginx-deployment   cpu: <unknown>/80%   10        15        0          0s
  $ kctl clock settle >/dev/null
# 004.28
  $ kubectl rollout pause deployment.v1.apps/nginx-deployment
  deployment.apps/nginx-deployment paused
  $ kubectl rollout pause deployment.v1.apps/nginx-deployment
  error: deployments.apps "nginx-deployment" is already paused
  [1]
# 004.29
  $ kubectl set image deployment.v1.apps/nginx-deployment nginx=nginx:1.9.1
# 004.30
  $ kubectl set resources deployment.v1.apps/nginx-deployment -c=nginx --limits=cpu=200m,memory=512Mi
  deployment.apps/nginx-deployment resource requirements updated
# 004.31
  $ kubectl describe deployment nginx-deployment | sed -n '/^Replicas/p;/^Conditions/,/^NewReplicaSet/p'
  Replicas:               10 desired | 0 updated | 10 total | 10 available | 0 unavailable
  Conditions:
    Type           Status   Reason
    ----           ------   ------
    Available      True     MinimumReplicasAvailable
    Progressing    Unknown  DeploymentPaused
  OldReplicaSets:  nginx-deployment-98d45795f (0/0 replicas created), nginx-deployment-7b464744bf (10/10 replicas created), nginx-deployment-7fc57cbdb7 (0/0 replicas created)
  NewReplicaSet:   <none>
# 004.32
  $ kubectl rollout resume deployment.v1.apps/nginx-deployment
  deployment.apps/nginx-deployment resumed
  $ kubectl rollout resume deployment.v1.apps/nginx-deployment
  error: deployments.apps "nginx-deployment" is not paused
  [1]
# 004.33
  $ kubectl rollout status deployment.v1.apps/nginx-deployment >/dev/null; echo $?
  0
# 004.34
  $ kubectl apply -f ./daemonset.yaml
  daemonset.apps/fluentd-elasticsearch created
  $ kctl clock settle >/dev/null
# 004.35
  $ kubectl delete -f daemonset.yaml --cascade=false
  warning: --cascade=false is deprecated (boolean value) and can be replaced with --cascade=orphan.
  daemonset.apps "fluentd-elasticsearch" deleted from kube-system namespace
# 004.36
  $ kubectl get pods --show-labels -l app=nginx
  NAME                                READY   STATUS    RESTARTS   AGE   LABELS
  nginx-deployment-68db9fb4f4-224tv   1/1     Running   0          7s    app=nginx,pod-template-hash=68db9fb4f4
  nginx-deployment-68db9fb4f4-6dqvc   1/1     Running   0          6s    app=nginx,pod-template-hash=68db9fb4f4
  nginx-deployment-68db9fb4f4-6fpb5   1/1     Running   0          6s    app=nginx,pod-template-hash=68db9fb4f4
  nginx-deployment-68db9fb4f4-b9frt   1/1     Running   0          6s    app=nginx,pod-template-hash=68db9fb4f4
  nginx-deployment-68db9fb4f4-cgnz9   1/1     Running   0          7s    app=nginx,pod-template-hash=68db9fb4f4
  nginx-deployment-68db9fb4f4-ndfpn   1/1     Running   0          7s    app=nginx,pod-template-hash=68db9fb4f4
  nginx-deployment-68db9fb4f4-qqzlf   1/1     Running   0          6s    app=nginx,pod-template-hash=68db9fb4f4
  nginx-deployment-68db9fb4f4-r549s   1/1     Running   0          7s    app=nginx,pod-template-hash=68db9fb4f4
  nginx-deployment-68db9fb4f4-tt6z8   1/1     Running   0          6s    app=nginx,pod-template-hash=68db9fb4f4
  nginx-deployment-68db9fb4f4-v4hdb   1/1     Running   0          7s    app=nginx,pod-template-hash=68db9fb4f4
