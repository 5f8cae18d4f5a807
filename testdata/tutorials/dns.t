# Names of services and pods, as their neighbours resolve them.
# kctl: seed=1

  $ kubectl create deployment web --image=nginx --replicas=2 && kubectl expose deployment web --port=80
  deployment.apps/web created
  service/web exposed
  $ kubectl create namespace prod && kubectl create service clusterip api --tcp=8080 -n prod
  namespace/prod created
  service/api created
  $ kubectl run dnsutils --image=registry.k8s.io/e2e-test-images/agnhost:2.39 && kubectl wait --for=condition=Ready pod/dnsutils
  pod/dnsutils created
  pod/dnsutils condition met
  $ kubectl rollout status deployment/web
  deployment "web" successfully rolled out
  $ kubectl exec -i -t dnsutils -- nslookup kubernetes.default 2>/dev/null
  Server:		10.96.0.10
  Address:	10.96.0.10#53
  
  Name:	kubernetes.default.svc.cluster.local
  Address: 10.96.0.1
  
  $ kubectl exec -ti dnsutils -- cat /etc/resolv.conf 2>/dev/null
  search default.svc.cluster.local svc.cluster.local cluster.local
  nameserver 10.96.0.10
  options ndots:5
  $ kubectl run box --image=busybox:1.28 -- sleep infinity && kubectl wait --for=condition=Ready pod/box
  pod/box created
  pod/box condition met
  $ kubectl exec box -- nslookup web
  Server:    10.96.0.10
  Address 1: 10.96.0.10
  
  Name:      web
  Address 1: 10.96.2.157 web.default.svc.cluster.local
  $ kubectl exec box -- nslookup api.prod
  Server:    10.96.0.10
  Address 1: 10.96.0.10
  
  Name:      api.prod
  Address 1: 10.96.182.51 api.prod.svc.cluster.local
  $ kubectl exec box -- nslookup api
  Server:    10.96.0.10
  Address 1: 10.96.0.10
  
  nslookup: can't resolve 'api'
  command terminated with exit code 1
  [1]
  $ kubectl exec box -- wget -q -O - http://web | head -4
  <!DOCTYPE html>
  <html>
  <head>
  <title>Welcome to nginx!</title>
  $ kubectl exec box -- wget -q -T 2 -O - http://api.prod:8080
  wget: can't connect to remote host (10.96.182.51): Connection refused
  command terminated with exit code 1
  [1]
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
  service/busybox-subdomain created
  pod/busybox1 created
  $ kubectl wait --for=condition=Ready pod/busybox1
  pod/busybox1 condition met
  $ kubectl exec busybox1 -- sh -c 'hostname; hostname -f; cat /etc/hosts; cat /etc/resolv.conf'
  busybox-1
  busybox-1.busybox-subdomain.default.svc.cluster.local
  # Kubernetes-managed hosts file.
  127.0.0.1	localhost
  ::1	localhost ip6-localhost ip6-loopback
  fe00::0	ip6-localnet
  fe00::0	ip6-mcastprefix
  fe00::1	ip6-allnodes
  fe00::2	ip6-allrouters
  10.244.1.4	busybox-1.busybox-subdomain.default.svc.cluster.local	busybox-1
  
  # Entries added by HostAliases.
  10.1.2.3	foo.remote	bar.remote
  search default.svc.cluster.local svc.cluster.local cluster.local
  nameserver 10.96.0.10
  options ndots:2
  $ kubectl exec box -- nslookup busybox-1.busybox-subdomain
  Server:    10.96.0.10
  Address 1: 10.96.0.10
  
  Name:      busybox-1.busybox-subdomain
  Address 1: 10.244.1.4 busybox-1.busybox-subdomain.default.svc.cluster.local
  $ kubectl exec box -- nslookup busybox-subdomain
  Server:    10.96.0.10
  Address 1: 10.96.0.10
  
  Name:      busybox-subdomain
  Address 1: 10.244.1.4 busybox-1.busybox-subdomain.default.svc.cluster.local
