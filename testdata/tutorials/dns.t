# Names of services and pods, as their neighbours resolve them.
# kctl: seed=1

  $ kubectl create deployment web --image=nginx --replicas=2 && kubectl expose deployment web --port=80
  $ kubectl create namespace prod && kubectl create service clusterip api --tcp=8080 -n prod
  $ kubectl run dnsutils --image=registry.k8s.io/e2e-test-images/agnhost:2.39 && kubectl wait --for=condition=Ready pod/dnsutils
  $ kubectl rollout status deployment/web
  $ kubectl exec -i -t dnsutils -- nslookup kubernetes.default 2>/dev/null
  $ kubectl exec -ti dnsutils -- cat /etc/resolv.conf 2>/dev/null
  $ kubectl run box --image=busybox:1.28 -- sleep infinity && kubectl wait --for=condition=Ready pod/box
  $ kubectl exec box -- nslookup web
  $ kubectl exec box -- nslookup api.prod
  $ kubectl exec box -- nslookup api
  $ kubectl exec box -- wget -q -O - http://web | head -4
  $ kubectl exec box -- wget -q -T 2 -O - http://api.prod:8080
# Names of pods.
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Service
  > metadata: {name: busybox-subdomain}
  > spec: {selector: {name: busybox}, clusterIP: None, ports: [{name: foo, port: 1234}]}
  > ---
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: busybox1, labels: {name: busybox}}
  > spec:
  >   hostname: busybox-1
  >   subdomain: busybox-subdomain
  >   hostAliases: [{ip: 10.1.2.3, hostnames: [foo.remote, bar.remote]}]
  >   dnsConfig: {options: [{name: ndots, value: "2"}]}
  >   containers: [{name: busybox, image: "busybox:1.28", command: [sleep, "3600"]}]
  > E
  $ kubectl wait --for=condition=Ready pod/busybox1
  $ kubectl exec busybox1 -- sh -c 'hostname; hostname -f; cat /etc/hosts; cat /etc/resolv.conf'
  $ kubectl exec box -- nslookup busybox-1.busybox-subdomain
  $ kubectl exec box -- nslookup busybox-subdomain
