# Configuration of running applications, changed by ConfigMaps: as a volume, as a variable, and served by a web server.
# kctl: seed=1

  $ kubectl create configmap sport --from-literal=sport=football
  configmap/sport created
  $ kubectl apply -f - <<'E'
  > apiVersion: apps/v1
  > kind: Deployment
  > metadata: {name: configmap-volume}
  > spec:
  >   replicas: 3
  >   selector: {matchLabels: {app: configmap-volume}}
  >   template:
  >     metadata: {labels: {app: configmap-volume}}
  >     spec:
  >       containers:
  >       - name: alpine
  >         image: alpine:3
  >         command:
  >         - /bin/sh
  >         - -c
  >         - while true; do echo "$(date) My preferred sport is $(cat /etc/config/sport)";
  >           sleep 10; done;
  >         volumeMounts: [{name: config-volume, mountPath: /etc/config}]
  >       volumes: [{name: config-volume, configMap: {name: sport}}]
  > E
  deployment.apps/configmap-volume created
  $ kctl clock advance 25s >/dev/null
  $ kubectl logs deployments/configmap-volume
  Found 3 pods, using pod/configmap-volume-86bcfdddc-dm7bn
  Thu Jan  1 00:00:02 UTC 2026 My preferred sport is football
  Thu Jan  1 00:00:12 UTC 2026 My preferred sport is football
  Thu Jan  1 00:00:22 UTC 2026 My preferred sport is football
  $ KUBE_EDITOR='sed -i s/football/cricket/' kubectl edit configmap sport
  configmap/sport edited
  $ kctl clock advance 80s >/dev/null
  $ kubectl logs deployments/configmap-volume | cut -d' ' -f7- | uniq -c
  Found 3 pods, using pod/configmap-volume-86bcfdddc-dm7bn
        9 2026 My preferred sport is football
        2 2026 My preferred sport is cricket
# A variable keeps its value until the pods are replaced.
  $ kubectl create configmap fruits --from-literal=fruits=apples
  configmap/fruits created
  $ kubectl apply -f - <<'E'
  > apiVersion: apps/v1
  > kind: Deployment
  > metadata: {name: configmap-env-var}
  > spec:
  >   replicas: 3
  >   selector: {matchLabels: {app: configmap-env-var}}
  >   template:
  >     metadata: {labels: {app: configmap-env-var}}
  >     spec:
  >       containers:
  >       - name: alpine
  >         image: alpine:3
  >         env: [{name: FRUITS, valueFrom: {configMapKeyRef: {key: fruits, name: fruits}}}]
  >         command:
  >         - /bin/sh
  >         - -c
  >         - while true; do echo "$(date) The basket is full of $FRUITS";
  >             sleep 10; done;
  > E
  deployment.apps/configmap-env-var created
  $ kubectl rollout status deployment configmap-env-var | tail -1
  deployment "configmap-env-var" successfully rolled out
  $ KUBE_EDITOR='sed -i s/apples/mangoes/' kubectl edit configmap fruits
  configmap/fruits edited
  $ kctl clock advance 80s >/dev/null
  $ kubectl logs deployment/configmap-env-var --tail=1 | cut -d' ' -f7-
  Found 3 pods, using pod/configmap-env-var-57d7d7fd8c-7c9rd
  2026 The basket is full of apples
  $ kubectl rollout restart deployment configmap-env-var
  deployment.apps/configmap-env-var restarted
  $ kubectl rollout status deployment configmap-env-var --watch=true | tail -1
  deployment "configmap-env-var" successfully rolled out
  $ kctl clock advance 40s >/dev/null
  $ kubectl logs deployment/configmap-env-var --tail=1 | cut -d' ' -f7-
  Found 3 pods, using pod/configmap-env-var-755b865bd4-5dkxp
  2026 The basket is full of mangoes
# A helper writes the page that the web server of its pod serves; then the same as a sidecar.
  $ kubectl create configmap color --from-literal=color=red
  configmap/color created
  $ cat > helper.yaml <<'E'
  > apiVersion: apps/v1
  > kind: Deployment
  > metadata: {name: NAME}
  > spec:
  >   replicas: 3
  >   selector: {matchLabels: {app: NAME}}
  >   template:
  >     metadata: {labels: {app: NAME}}
  >     spec:
  >       volumes: [{name: shared-data, emptyDir: {}}, {name: config-volume, configMap: {name: color}}]
  >       HELPERS:
  >       - name: alpine
  >         image: alpine:3
  >         volumeMounts: [{name: shared-data, mountPath: /pod-data}, {name: config-volume, mountPath: /etc/config}]
  >         command:
  >         - /bin/sh
  >         - -c
  >         - while true; do echo "$(date) My preferred color is $(cat /etc/config/color)" > /pod-data/index.html;
  >           sleep 10; done;
  >       - name: nginx
  >         image: nginx
  >         volumeMounts: [{name: shared-data, mountPath: /usr/share/nginx/html}]
  > E
  $ sed 's/NAME/configmap-two-containers/; s/HELPERS/containers/' helper.yaml | kubectl apply -f -
  deployment.apps/configmap-two-containers created
  $ kubectl rollout status deployment configmap-two-containers | tail -1
  deployment "configmap-two-containers" successfully rolled out
  $ kubectl expose deployment configmap-two-containers --name=configmap-service --port=8080 --target-port=80
  service/configmap-service exposed
  $ kubectl run -i --rm -q curl --image=curlimages/curl --restart=Never -- curl -s http://configmap-service:8080
  Thu Jan  1 00:03:50 UTC 2026 My preferred color is red
  $ KUBE_EDITOR='sed -i s/red/blue/' kubectl edit configmap color
  configmap/color edited
  $ kctl clock advance 90s >/dev/null
  $ kubectl run -i --rm -q curl --image=curlimages/curl --restart=Never -- -s http://configmap-service:8080
  Thu Jan  1 00:05:20 UTC 2026 My preferred color is blue
  $ sed '/name: nginx/i\      containers:' helper.yaml | sed 's/NAME/configmap-sidecar/; s/HELPERS/initContainers/; /image: alpine/a\        restartPolicy: Always' | kubectl apply -f -
  deployment.apps/configmap-sidecar created
  $ kubectl rollout status deployment configmap-sidecar | tail -1
  deployment "configmap-sidecar" successfully rolled out
  $ kubectl get pods -l app=configmap-sidecar
  NAME                                 READY   STATUS    RESTARTS   AGE
  configmap-sidecar-7d985d4b7b-4hww8   2/2     Running   0          2s
  configmap-sidecar-7d985d4b7b-j9mz7   2/2     Running   0          2s
  configmap-sidecar-7d985d4b7b-vx5wn   2/2     Running   0          2s
  $ kubectl exec deploy/configmap-sidecar -c nginx -- curl -s localhost
  Thu Jan  1 00:05:25 UTC 2026 My preferred color is blue
# Nobody changes an immutable one.
  $ kubectl patch configmap color -p '{"immutable": true}'
  configmap/color patched
  $ kubectl patch configmap color -p '{"data": {"color": "green"}}'
  The ConfigMap "color" is invalid: data: Forbidden: field is immutable when `immutable` is set
  [1]
