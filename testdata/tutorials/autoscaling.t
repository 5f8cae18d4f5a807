# An autoscaler follows the load that another pod puts on a server.
# kctl: seed=1

  $ kctl store reset --profile kind --nodes 3 --metrics-server >/dev/null
  $ kubectl apply -f - <<'X'
  > apiVersion: apps/v1
  > kind: Deployment
  > metadata: {name: php-apache}
  > spec:
  >   selector: {matchLabels: {run: php-apache}}
  >   template:
  >     metadata: {labels: {run: php-apache}}
  >     spec:
  >       containers:
  >       - name: php-apache
  >         image: registry.k8s.io/hpa-example
  >         ports: [{containerPort: 80}]
  >         resources: {limits: {cpu: 500m}, requests: {cpu: 200m}}
  > ---
  > apiVersion: v1
  > kind: Service
  > metadata: {name: php-apache, labels: {run: php-apache}}
  > spec: {ports: [{port: 80}], selector: {run: php-apache}}
  > X
  deployment.apps/php-apache created
  service/php-apache created
  $ kubectl autoscale deployment php-apache --cpu=50% --min=1 --max=10
  horizontalpodautoscaler.autoscaling/php-apache autoscaled
  $ kctl clock advance 1m >/dev/null
  $ kubectl get hpa
  NAME         REFERENCE               TARGETS        MINPODS   MAXPODS   REPLICAS   AGE
  php-apache   Deployment/php-apache   cpu: 12%/50%   1         10        1          60s
# A pod that asks for the page in a loop.
  $ kubectl run load-generator --image=busybox:1.28 --restart=Never -- /bin/sh -c "while sleep 0.01; do wget -q -O- http://php-apache; done"
  pod/load-generator created
  $ kctl clock advance 80s >/dev/null
  $ kubectl get hpa php-apache
  NAME         REFERENCE               TARGETS        MINPODS   MAXPODS   REPLICAS   AGE
  php-apache   Deployment/php-apache   cpu: 47%/50%   1         10        8          2m20s
  $ kubectl get deployment php-apache
  NAME         READY   UP-TO-DATE   AVAILABLE   AGE
  php-apache   8/8     8            8           2m20s
  $ kubectl top pods -l run=php-apache --no-headers | wc -l
  8
# Without load it takes the replicas back, five minutes later.
  $ kubectl delete pod load-generator
  pod "load-generator" deleted from default namespace
  $ kctl clock advance 10m >/dev/null
  $ kubectl get hpa php-apache
  NAME         REFERENCE               TARGETS        MINPODS   MAXPODS   REPLICAS   AGE
  php-apache   Deployment/php-apache   cpu: 21%/50%   1         10        1          12m
  $ kubectl get deployment php-apache
  NAME         READY   UP-TO-DATE   AVAILABLE   AGE
  php-apache   1/1     1            1           12m
  $ kubectl describe hpa php-apache | sed -n '/Conditions/,$p'
  Conditions:
    Type            Status  Reason              Message
    ----            ------  ------              -------
    AbleToScale     True    ReadyForNewScale    recommended size matches current size
    ScalingActive   True    ValidMetricFound    the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)
    ScalingLimited  False   DesiredWithinRange  the desired count is within the acceptable range
  Events:
    Type    Reason             Age    From                       Message
    ----    ------             ----   ----                       -------
    Normal  SuccessfulRescale  11m    horizontal-pod-autoscaler  New size: 4; reason: cpu resource utilization (percentage of request) above target
    Normal  SuccessfulRescale  11m    horizontal-pod-autoscaler  New size: 8; reason: cpu resource utilization (percentage of request) above target
    Normal  SuccessfulRescale  5m35s  horizontal-pod-autoscaler  New size: 2; reason: All metrics below target
    Normal  SuccessfulRescale  35s    horizontal-pod-autoscaler  New size: 1; reason: All metrics below target
