# A service that does not answer, followed from the name to the pods.
# kctl: seed=1 profile=kind nodes=3

  $ kubectl create deployment hostnames --image=registry.k8s.io/serve_hostname
  deployment.apps/hostnames created
  $ kubectl scale deployment hostnames --replicas=3
  deployment.apps/hostnames scaled
  $ kubectl rollout status deployment/hostnames | tail -1
  deployment "hostnames" successfully rolled out
  $ kubectl get pods -l app=hostnames
  NAME                         READY   STATUS    RESTARTS   AGE
  hostnames-74588954b8-gclhq   1/1     Running   0          2s
  hostnames-74588954b8-qxclv   1/1     Running   0          2s
  hostnames-74588954b8-sqpzk   1/1     Running   0          2s
  $ EPS=$(kubectl get pods -l app=hostnames -o go-template='{{range .items}}{{.status.podIP}}:9376 {{end}}')
  $ box() { kubectl run -i --rm --restart=Never -q busybox --image=busybox:1.28 -- sh; }
  $ box <<X
  > for ep in $EPS; do
  >     wget -qO- \$ep
  > done
  > wget -O- hostnames
  > X
  hostnames-74588954b8-gclhq
  hostnames-74588954b8-qxclv
  hostnames-74588954b8-sqpzk
  wget: bad address 'hostnames'
  pod default/busybox terminated (Error)
  [1]
  $ kubectl get svc hostnames
  Error from server (NotFound): services "hostnames" not found
  [1]
  $ kubectl expose deployment hostnames --port=80 --target-port=9376
  service/hostnames exposed
  $ IP=$(kubectl get svc hostnames -o jsonpath='{.spec.clusterIP}')
  $ box <<X
  > nslookup hostnames
  > nslookup hostnames.default.svc.cluster.local | tail -1
  > cat /etc/resolv.conf
  > nslookup kubernetes.default | tail -1
  > for i in \$(seq 1 3); do
  >     wget -qO- $IP:80
  > done
  > X
  Server:    10.96.0.10
  Address 1: 10.96.0.10 kube-dns.kube-system.svc.cluster.local
  
  Name:      hostnames
  Address 1: 10.96.133.110 hostnames.default.svc.cluster.local
  Address 1: 10.96.133.110 hostnames.default.svc.cluster.local
  search default.svc.cluster.local svc.cluster.local cluster.local
  nameserver 10.96.0.10
  options ndots:5
  Address 1: 10.96.0.1 kubernetes.default.svc.cluster.local
  hostnames-74588954b8-gclhq
  hostnames-74588954b8-sqpzk
  hostnames-74588954b8-sqpzk
# From a node, with the server of the cluster.
  $ kubectl debug node/kind-worker -i -q --image=nicolaka/netshoot -- nslookup hostnames.default.svc.cluster.local 10.96.0.10
  Server:		10.96.0.10
  Address:	10.96.0.10#53
  
  Name:	hostnames.default.svc.cluster.local
  Address: 10.96.133.110
  
  $ kubectl get endpointslices -l kubernetes.io/service-name=hostnames
  NAME              ADDRESSTYPE   PORTS   ENDPOINTS                          AGE
  hostnames-gtqld   IPv4          9376    10.244.2.4,10.244.2.3,10.244.1.4   4s
# The wrong port, and no pods behind it.
  $ kubectl patch service hostnames -p '{"spec":{"ports":[{"port":80,"targetPort":80}]}}'
  service/hostnames patched
  $ echo "wget -qO- hostnames" | box
  wget: can't connect to remote host (10.96.133.110): Connection refused
  pod default/busybox terminated (Error)
  [1]
  $ kubectl patch service hostnames -p '{"spec":{"selector":{"app":"hostname"}}}'
  service/hostnames patched
  $ kubectl get endpointslices -l kubernetes.io/service-name=hostnames
  NAME              ADDRESSTYPE   PORTS     ENDPOINTS   AGE
  hostnames-gtqld   IPv4          <unset>   <unset>     5s
  $ kubectl get pods --namespace=kube-system -l k8s-app=kube-dns
  NAME                       READY   STATUS    RESTARTS   AGE
  coredns-8565d64c57-hxspw   1/1     Running   0          69s
  coredns-8565d64c57-n29bt   1/1     Running   0          69s
  $ kubectl get svc --namespace=kube-system
  NAME       TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)                  AGE
  kube-dns   ClusterIP   10.96.0.10   <none>        53/UDP,53/TCP,9153/TCP   69s
