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
  pod/myapp-pod created
  $ kctl clock advance 30s >/dev/null
  $ kubectl get -f - <<'E'
  > {apiVersion: v1, kind: Pod, metadata: {name: myapp-pod}}
  > E
  NAME        READY   STATUS     RESTARTS   AGE
  myapp-pod   0/1     Init:0/2   0          30s
  $ kubectl logs myapp-pod -c init-myservice | tail -3
  
  nslookup: can't resolve 'myservice.default.svc.cluster.local'
  waiting for myservice
  $ kubectl logs myapp-pod -c init-mydb
  Error from server (BadRequest): container "init-mydb" in pod "myapp-pod" is waiting to start: PodInitializing
  [1]
  $ kubectl create service clusterip myservice --tcp=80:9376
  service/myservice created
  $ kctl clock advance 10s >/dev/null
  $ kubectl get pod myapp-pod
  NAME        READY   STATUS     RESTARTS   AGE
  myapp-pod   0/1     Init:1/2   0          40s
  $ kubectl create service clusterip mydb --tcp=80:9377
  service/mydb created
  $ kubectl wait --for=condition=Ready pod/myapp-pod --timeout=30s
  pod/myapp-pod condition met
  $ kubectl get pod myapp-pod
  NAME        READY   STATUS    RESTARTS   AGE
  myapp-pod   1/1     Running   0          42s
  $ kubectl logs myapp-pod
  Defaulted container "myapp-container" out of: myapp-container, init-myservice (init), init-mydb (init)
  The app is running!
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
  pod/init-demo created
  $ kubectl wait --for=condition=Ready pod/init-demo
  pod/init-demo condition met
  $ kubectl exec init-demo -- curl -s localhost
  Defaulted container "nginx" out of: nginx, install (init)
  made by init-demo
