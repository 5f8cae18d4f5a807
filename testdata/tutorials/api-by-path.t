# Services of a cluster by way of its API server, and the usage of its nodes and pods.
# kctl: seed=1 profile=kind nodes=2

  $ kubectl cluster-info | head -2
  Kubernetes control plane is running at https://127.0.0.1:6443
  CoreDNS is running at https://127.0.0.1:6443/api/v1/namespaces/kube-system/services/kube-dns:dns/proxy
  $ kubectl create deployment hello --image=gcr.io/google-samples/hello-app:1.0 --port=8080
  deployment.apps/hello created
  $ kubectl expose deployment hello --port=80 --target-port=8080
  service/hello exposed
  $ kubectl rollout status deployment/hello | tail -1
  deployment "hello" successfully rolled out
  $ kubectl get --raw /api/v1/namespaces/default/services/hello/proxy/
  Hello, world!
  Version: 1.0.0
  Hostname: hello-\w+-\w+ (re)
  $ kubectl get --raw /api/v1/namespaces/default/services/http:hello:80/proxy/ | head -1
  Hello, world!
  $ kubectl get --raw /api/v1/namespaces/default/services/hello:8080/proxy/
  Error from server (ServiceUnavailable): no service port 8080 found for service "hello"
  [1]
  $ kubectl get --raw /api/v1/namespaces/default/pods/$(kubectl get pods -o jsonpath='{.items[0].metadata.name}')/proxy/ | head -1
  Hello, world!
  $ kubectl create role viewer --verb=get --resource=services/proxy --resource-name=hello && kubectl create rolebinding viewer --role=viewer --user=jane
  role.rbac.authorization.k8s.io/viewer created
  rolebinding.rbac.authorization.k8s.io/viewer created
  $ kubectl get --raw /api/v1/namespaces/default/services/hello/proxy/ --as=jane | head -1
  Hello, world!
  $ kubectl get --raw /api/v1/namespaces/default/services/hello:80/proxy/ --as=jane
  Error from server (Forbidden): services "hello:80" is forbidden: User "jane" cannot get resource "services/proxy" in API group "" in the namespace "default"
  [1]
  $ kubectl scale deployment hello --replicas=0 && kctl clock advance 5s >/dev/null
  deployment.apps/hello scaled
  $ kubectl get --raw /api/v1/namespaces/default/services/hello/proxy/
  Error from server (ServiceUnavailable): no endpoints available for service "hello"
  [1]
# What a metrics server tells.
  $ kubectl get --raw /apis/metrics.k8s.io/v1beta1/nodes
  Error from server (NotFound): the server could not find the requested resource
  [1]
  $ kctl store reset --profile=kind --nodes=2 --metrics-server >/dev/null
  $ kubectl get --raw /apis/metrics.k8s.io/v1beta1/nodes/kind-worker
  {"kind":"NodeMetrics","apiVersion":"metrics.k8s.io/v1beta1","metadata":{"name":"kind-worker","creationTimestamp":"2026-01-01T00:00:00Z","labels":{"beta.kubernetes.io/arch":"amd64","beta.kubernetes.io/os":"linux","kubernetes.io/arch":"amd64","kubernetes.io/hostname":"kind-worker","kubernetes.io/os":"linux"}},"timestamp":"2026-01-01T00:00:00Z","window":"15s","usage":{* (glob)
  $ kubectl get --raw "/apis/metrics.k8s.io/v1beta1/namespaces/kube-system/pods?labelSelector=component%3Detcd"
  {"kind":"PodMetricsList","apiVersion":"metrics.k8s.io/v1beta1","metadata":{},"items":[{"metadata":{"name":"etcd-kind-control-plane","namespace":"kube-system",* (glob)
