# Which address a server sees, by the type of its service.
# kctl: seed=1 profile=kind nodes=3

  $ kubectl create deployment source-ip-app --image=registry.k8s.io/echoserver:1.10
  deployment.apps/source-ip-app created
  $ kubectl rollout status deployment/source-ip-app | tail -1
  deployment "source-ip-app" successfully rolled out
  $ kubectl expose deployment source-ip-app --name=clusterip --port=80 --target-port=8080
  service/clusterip exposed
# Within the cluster it is that of the client.
  $ kubectl run busybox -i -q --image=busybox:1.28 --restart=Never --rm -- sh -c 'ip addr show eth0 | grep inet; wget -qO - clusterip | grep client_address'
      inet 10.244.2.4/24 brd 10.244.2.255 scope global eth0
  	client_address=10.244.2.4
# A node puts its own in the place of the client's.
  $ kubectl expose deployment source-ip-app --name=nodeport --port=80 --target-port=8080 --type=NodePort
  service/nodeport exposed
  $ NODEPORT=$(kubectl get -o jsonpath="{.spec.ports[0].nodePort}" services nodeport)
  $ NODES=$(kubectl get nodes -o jsonpath='{ $.items[*].status.addresses[?(@.type=="InternalIP")].address }'); echo $NODES
  172.18.0.2 172.18.0.3 172.18.0.4
  $ ask() { kubectl run ask -i -q --image=busybox:1.36 --restart=Never --rm -- sh -c "for node in $NODES; do wget -T 1 -qO - \$node:$NODEPORT 2>&1 | grep -E 'client_address|timed' || echo nothing; done"; }
  $ ask
  	client_address=172.18.0.2
  	client_address=172.18.0.3
  	client_address=10.244.2.1
  $ kubectl get pods -l app=source-ip-app -o wide | awk '{print $1, $6, $7}'
  NAME IP NODE
  source-ip-app-66c6898b9d-qrwcw 10.244.2.3 kind-worker2
# With the local policy only the node of the pod answers, and the client stays visible.
  $ kubectl patch svc nodeport -p '{"spec":{"externalTrafficPolicy":"Local"}}'
  service/nodeport patched
  $ ask
  wget: download timed out
  wget: download timed out
  	client_address=10.244.2.5
  $ kubectl debug node/kind-worker2 -i -q --image=busybox:1.36 -- wget -qO - localhost:$NODEPORT | grep client_address
  	client_address=172.18.0.4
  $ kubectl expose deployment source-ip-app --name=loadbalancer --port=80 --target-port=8080 --type=LoadBalancer
  service/loadbalancer exposed
  $ kubectl patch svc loadbalancer -p '{"spec":{"externalTrafficPolicy":"Local"}}'
  service/loadbalancer patched
  $ kubectl get svc loadbalancer -o yaml | grep -ic healthCheckNodePort
  1
  $ kubectl get svc loadbalancer
  NAME           TYPE           CLUSTER-IP     EXTERNAL-IP   PORT(S)        AGE
  loadbalancer   LoadBalancer   10.96.25.187   <pending>     80:31933/TCP   0s
  $ kubectl delete svc -l app=source-ip-app
  service "clusterip" deleted from default namespace
  service "loadbalancer" deleted from default namespace
  service "nodeport" deleted from default namespace
