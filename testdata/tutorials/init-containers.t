# Init containers that wait for services, and prepare a volume.
# kctl: seed=1

  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: myapp-pod, labels: {app.kubernetes.io/name: MyApp}}
  > spec:
  >   containers:
  >   - name: myapp-container
  >     image: busybox:1.28
  >     command: ['sh', '-c', 'echo The app is running! && sleep 3600']
  >   initContainers:
  >   - name: init-myservice
  >     image: busybox:1.28
  >     command: ['sh', '-c', "until nslookup myservice.$(cat /var/run/secrets/kubernetes.io/serviceaccount/namespace).svc.cluster.local; do echo waiting for myservice; sleep 2; done"]
  >   - name: init-mydb
  >     image: busybox:1.28
  >     command: ['sh', '-c', "until nslookup mydb.$(cat /var/run/secrets/kubernetes.io/serviceaccount/namespace).svc.cluster.local; do echo waiting for mydb; sleep 2; done"]
  > E
  $ kctl clock advance 30s >/dev/null
  $ kubectl get -f - <<'E'
  > {apiVersion: v1, kind: Pod, metadata: {name: myapp-pod}}
  > E
  $ kubectl logs myapp-pod -c init-myservice | tail -3
  $ kubectl logs myapp-pod -c init-mydb
  $ kubectl create service clusterip myservice --tcp=80:9376
  $ kctl clock advance 10s >/dev/null
  $ kubectl get pod myapp-pod
  $ kubectl create service clusterip mydb --tcp=80:9377
  $ kubectl wait --for=condition=Ready pod/myapp-pod --timeout=30s
  $ kubectl get pod myapp-pod
  $ kubectl logs myapp-pod
# One that fills a volume.
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: init-demo}
  > spec:
  >   containers:
  >   - name: nginx
  >     image: nginx
  >     volumeMounts: [{name: workdir, mountPath: /usr/share/nginx/html}]
  >   initContainers:
  >   - name: install
  >     image: busybox:1.28
  >     command: [sh, -c, 'echo "made by $(hostname)" > /work-dir/index.html']
  >     volumeMounts: [{name: workdir, mountPath: /work-dir}]
  >   volumes: [{name: workdir, emptyDir: {}}]
  > E
  $ kubectl wait --for=condition=Ready pod/init-demo
  $ kubectl exec init-demo -- curl -s localhost
