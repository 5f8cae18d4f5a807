# Document 003: lecture on DaemonSet. Each step names its entry of the list of commands.
# kctl: seed=9

  $ kubectl create -f mysql.yaml >/dev/null
  $ kctl clock settle >/dev/null
# 003.1
  $ kubectl patch statefulset mysql --type='json' -p='[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value":"mysql:5.7.23"}]'
  statefulset.apps/mysql patched
# 003.2
  $ kubectl patch statefulset mysql -p '{"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":2}}}}'
  statefulset.apps/mysql patched
# 003.3
  $ kubectl create -f fluentd-elasticsearch.yaml
  daemonset.apps/fluentd-elasticsearch created
  $ kctl clock settle >/dev/null
# 003.4
  $ kubectl get pod -n kube-system -l name=fluentd-elasticsearch
  NAME                          READY   STATUS    RESTARTS   AGE
  fluentd-elasticsearch-tj9vz   1/1     Running   0          6s
  fluentd-elasticsearch-vnz54   1/1     Running   0          6s
# 003.5
  $ kubectl get ds -n kube-system fluentd-elasticsearch
  NAME                    DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE
  fluentd-elasticsearch   2         2         2       2            2           <none>          6s
# 003.6
  $ kubectl rollout history daemonset fluentd-elasticsearch -n kube-system
  daemonset.apps/fluentd-elasticsearch 
  REVISION  CHANGE-CAUSE
  1         <none>
  
# 003.7
  $ kubectl set image ds/fluentd-elasticsearch fluentd-elasticsearch=k8s.gcr.io/fluentd-elasticsearch:v2.2.0 --record -n=kube-system
  Flag --record has been deprecated, --record will be removed in the future
  daemonset.apps/fluentd-elasticsearch image updated
# 003.8
  $ kubectl rollout status ds/fluentd-elasticsearch -n kube-system
  Waiting for daemon set "fluentd-elasticsearch" rollout to finish: 0 out of 2 new pods have been updated...
  Waiting for daemon set "fluentd-elasticsearch" rollout to finish: 0 out of 2 new pods have been updated...
  Waiting for daemon set "fluentd-elasticsearch" rollout to finish: 0 out of 2 new pods have been updated...
  Waiting for daemon set "fluentd-elasticsearch" rollout to finish: 1 out of 2 new pods have been updated...
  Waiting for daemon set "fluentd-elasticsearch" rollout to finish: 1 out of 2 new pods have been updated...
  Waiting for daemon set "fluentd-elasticsearch" rollout to finish: 1 out of 2 new pods have been updated...
  Waiting for daemon set "fluentd-elasticsearch" rollout to finish: 1 out of 2 new pods have been updated...
  Waiting for daemon set "fluentd-elasticsearch" rollout to finish: 1 of 2 updated pods are available...
  daemon set "fluentd-elasticsearch" successfully rolled out
# 003.9
  $ kubectl rollout history daemonset fluentd-elasticsearch -n kube-system
  daemonset.apps/fluentd-elasticsearch 
  REVISION  CHANGE-CAUSE
  1         <none>
  2         kubectl set image ds/fluentd-elasticsearch fluentd-elasticsearch=k8s.gcr.io/fluentd-elasticsearch:v2.2.0 --record=true --namespace=kube-system
  
# 003.10
  $ kubectl get controllerrevision -n kube-system -l name=fluentd-elasticsearch
  NAME                              CONTROLLER                             REVISION   AGE
  fluentd-elasticsearch-98d88b864   daemonset.apps/fluentd-elasticsearch   2          6s
  fluentd-elasticsearch-bfbb78f5    daemonset.apps/fluentd-elasticsearch   1          12s
# 003.11
  $ kubectl describe controllerrevision $(kubectl get controllerrevision -n kube-system --sort-by=.revision -o name | tail -1 | cut -d/ -f2) -n kube-system
  Name:         fluentd-elasticsearch-98d88b864
  Namespace:    kube-system
  Labels:       controller-revision-hash=98d88b864
                name=fluentd-elasticsearch
  Annotations:  deprecated.daemonset.template.generation: 2
                kubernetes.io/change-cause:
                  kubectl set image ds/fluentd-elasticsearch fluentd-elasticsearch=k8s.gcr.io/fluentd-elasticsearch:v2.2.0 --record=true --namespace=kube-sy...
  API Version:  apps/v1
  Data:
    Spec:
      Template:
        $patch:  replace
        Metadata:
          Labels:
            Name:  fluentd-elasticsearch
        Spec:
          Containers:
            Image:              k8s.gcr.io/fluentd-elasticsearch:v2.2.0
            Image Pull Policy:  IfNotPresent
            Name:               fluentd-elasticsearch
            Resources:
              Limits:
                Memory:  200Mi
              Requests:
                Cpu:                     100m
                Memory:                  200Mi
            Termination Message Path:    /dev/termination-log
            Termination Message Policy:  File
            Volume Mounts:
              Mount Path:  /var/log
              Name:        varlog
              Mount Path:  /var/lib/docker/containers
              Name:        varlibdockercontainers
              Read Only:   true
          Dns Policy:      ClusterFirst
          Restart Policy:  Always
          Scheduler Name:  default-scheduler
          Security Context:
          Termination Grace Period Seconds:  30
          Tolerations:
            Effect:  NoSchedule
            Key:     node-role.kubernetes.io/master
          Volumes:
            Host Path:
              Path:  /var/log
              Type:  
            Name:    varlog
            Host Path:
              Path:  /var/lib/docker/containers
              Type:  
            Name:    varlibdockercontainers
  Kind:              ControllerRevision
  Metadata:
    Creation Timestamp:  2026-01-01T00:00:14Z
    Owner References:
      API Version:           apps/v1
      Block Owner Deletion:  true
      Controller:            true
      Kind:                  DaemonSet
      Name:                  fluentd-elasticsearch
      UID:                   56a87382-1db2-4274-9710-9893caeef0f9
    Resource Version:        365
    UID:                     c830bfae-9ea5-4a35-9135-bbfd11edd425
  Revision:                  2
  Events:                    <none>
# 003.12
  $ kubectl rollout undo daemonset fluentd-elasticsearch --to-revision=1 -n kube-system
  daemonset.apps/fluentd-elasticsearch rolled back
  $ kctl clock settle >/dev/null
  $ kubectl rollout history daemonset fluentd-elasticsearch -n kube-system
  daemonset.apps/fluentd-elasticsearch 
  REVISION  CHANGE-CAUSE
  2         kubectl set image ds/fluentd-elasticsearch fluentd-elasticsearch=k8s.gcr.io/fluentd-elasticsearch:v2.2.0 --record=true --namespace=kube-system
  3         <none>
  
