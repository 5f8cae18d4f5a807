# A front end that passes requests on to a back end, and containers that share files.
# kctl: seed=1 profile=kind nodes=3

  $ kubectl apply -f - <<'X'
  > apiVersion: apps/v1
  > kind: Deployment
  > metadata: {name: backend}
  > spec:
  >   selector: {matchLabels: {app: hello, tier: backend, track: stable}}
  >   replicas: 3
  >   template:
  >     metadata: {labels: {app: hello, tier: backend, track: stable}}
  >     spec:
  >       containers:
  >       - name: hello
  >         image: "gcr.io/google-samples/hello-go-gke:1.0"
  >         ports: [{name: http, containerPort: 80}]
  > ---
  > apiVersion: v1
  > kind: Service
  > metadata: {name: hello}
  > spec: {selector: {app: hello, tier: backend}, ports: [{protocol: TCP, port: 80, targetPort: http}]}
  > ---
  > apiVersion: v1
  > kind: Service
  > metadata: {name: frontend}
  > spec: {selector: {app: hello, tier: frontend}, ports: [{protocol: "TCP", port: 80, targetPort: 80}], type: LoadBalancer}
  > ---
  > apiVersion: apps/v1
  > kind: Deployment
  > metadata: {name: frontend}
  > spec:
  >   selector: {matchLabels: {app: hello, tier: frontend, track: stable}}
  >   replicas: 1
  >   template:
  >     metadata: {labels: {app: hello, tier: frontend, track: stable}}
  >     spec:
  >       containers:
  >       - name: nginx
  >         image: "gcr.io/google-samples/hello-frontend:1.0"
  >         lifecycle: {preStop: {exec: {command: ["/usr/sbin/nginx","-s","quit"]}}}
  > X
  deployment.apps/backend created
  service/hello created
  service/frontend created
  deployment.apps/frontend created
  $ kubectl rollout status deployment/frontend | tail -1
  deployment "frontend" successfully rolled out
  $ kubectl get service frontend
  NAME       TYPE           CLUSTER-IP    EXTERNAL-IP   PORT(S)        AGE
  frontend   LoadBalancer   10.96.89.92   <pending>     80:32523/TCP   2s
  $ kubectl exec deploy/frontend -- cat /etc/nginx/conf.d/frontend.conf
  upstream hello {
      server hello;
  }
  
  server {
      listen 80;
  
      location / {
          proxy_pass http://hello;
      }
  }
  $ kubectl run ask -i -q --image=busybox:1.36 --restart=Never --rm -- wget -qO- http://frontend
  {"message":"Hello"}
# Without a back end that is there, the front end says so.
  $ kubectl scale deployment backend --replicas=0
  deployment.apps/backend scaled
  $ kctl clock advance 40s >/dev/null
  $ kubectl run ask -i -q --image=busybox:1.36 --restart=Never --rm -- wget -qO- http://frontend 2>&1 | head -1
  wget: server returned error: HTTP/1.1 502 Bad Gateway
  $ kubectl delete services frontend hello
  service "frontend" deleted from default namespace
  service "hello" deleted from default namespace
  $ kubectl delete deployment frontend backend
  deployment.apps "frontend" deleted from default namespace
  deployment.apps "backend" deleted from default namespace
  $ kubectl apply -f - <<'X'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: two-containers}
  > spec:
  >   restartPolicy: Never
  >   volumes: [{name: shared-data, emptyDir: {}}]
  >   containers:
  >   - name: nginx-container
  >     image: nginx
  >     volumeMounts: [{name: shared-data, mountPath: /usr/share/nginx/html}]
  >   - name: debian-container
  >     image: debian
  >     volumeMounts: [{name: shared-data, mountPath: /pod-data}]
  >     command: ["/bin/sh"]
  >     args: ["-c", "echo Hello from the debian container > /pod-data/index.html"]
  > X
  pod/two-containers created
  $ kctl clock advance 5s >/dev/null
  $ kubectl get pod two-containers
  NAME             READY   STATUS     RESTARTS   AGE
  two-containers   1/2     NotReady   0          5s
  $ kubectl get pod two-containers -o jsonpath='{range .status.containerStatuses[*]}{.name}{" "}{.state}{"\n"}{end}' | cut -d: -f1
  debian-container {"terminated"
  nginx-container {"running"
  $ kubectl exec -i two-containers -c nginx-container -- curl -s localhost
  Hello from the debian container
# The port of a service on every node.
  $ kubectl create deployment hello-world --image=gcr.io/google-samples/hello-app:2.0 --replicas=2 --port=8080
  deployment.apps/hello-world created
  $ kubectl expose deployment hello-world --type=NodePort --name=example-service
  service/example-service exposed
  $ kubectl rollout status deployment/hello-world | tail -1
  deployment "hello-world" successfully rolled out
  $ kubectl describe services example-service | grep -E 'Port|Endpoints'
  Type:                     NodePort
  Port:                     <unset>  8080/TCP
  TargetPort:               8080/TCP
  NodePort:                 <unset>  32551/TCP
  Endpoints:                10.244.1.6:8080,10.244.2.8:8080
  $ for node in kind-control-plane kind-worker; do kubectl debug node/$node -i -q --image=busybox:1.36 -- wget -qO- http://$(kubectl get node $node -o jsonpath='{.status.addresses[0].address}'):$(kubectl get svc example-service -o jsonpath='{.spec.ports[0].nodePort}'); done | grep -v Hostname
  Hello, world!
  Version: 2.0.0
  Hello, world!
  Version: 2.0.0
# Which images run.
  $ kubectl get pods -o jsonpath="{.items[*].spec['initContainers', 'containers'][*].image}" | tr -s '[[:space:]]' '\n' | sort | uniq -c
        2 busybox:1.36
        1 debian
        2 gcr.io/google-samples/hello-app:2.0
        1 nginx
  $ kubectl get pods -o jsonpath='{range .items[*]}{"\n"}{.metadata.name}{":\t"}{range .spec.containers[*]}{.image}{", "}{end}{end}' -l app=hello-world | cut -c1-11,29- | sort
  
  hello-world:	gcr.io/google-samples/hello-app:2.0, 
  hello-world:	gcr.io/google-samples/hello-app:2.0, 
  $ kubectl get pods -o go-template --template="{{range .items}}{{range .spec.containers}}{{.image}} {{end}}{{end}}" -l app=hello-world
  gcr.io/google-samples/hello-app:2.0 gcr.io/google-samples/hello-app:2.0  (no-eol)
