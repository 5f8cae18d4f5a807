# The DNS server of a cluster: its pods and their logs, its Service, and another configuration.
# kctl: seed=1 profile=kubeadm

  $ kubectl get deployment -l k8s-app=kube-dns --namespace=kube-system
  NAME      READY   UP-TO-DATE   AVAILABLE   AGE
  coredns   2/2     2            2           60s
  $ kubectl get svc --namespace=kube-system
  NAME       TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)                  AGE
  kube-dns   ClusterIP   10.96.0.10   <none>        53/UDP,53/TCP,9153/TCP   60s
  $ kubectl get endpointslices -l kubernetes.io/service-name=kube-dns --namespace=kube-system
  NAME             ADDRESSTYPE   PORTS        ENDPOINTS               AGE
  kube-dns-gfv2b   IPv4          53,53,9153   10.244.1.2,10.244.2.2   60s
  $ kubectl logs --namespace=kube-system -l k8s-app=kube-dns
  maxprocs: Leaving GOMAXPROCS=8: CPU quota undefined
  .:53
  [INFO] plugin/reload: Running configuration SHA512 = 1b226df79860026c6a52e67daa10d7f0d57ec5b023288ec00c5e05f93523c894564e15b91770d3a07ae1cfbe861d15b37d4a0027e69c546ab112970993a3b03b
  CoreDNS-1.14.2
  linux/amd64, go1.26.1, dd1df4f
  maxprocs: Leaving GOMAXPROCS=8: CPU quota undefined
  .:53
  [INFO] plugin/reload: Running configuration SHA512 = 1b226df79860026c6a52e67daa10d7f0d57ec5b023288ec00c5e05f93523c894564e15b91770d3a07ae1cfbe861d15b37d4a0027e69c546ab112970993a3b03b
  CoreDNS-1.14.2
  linux/amd64, go1.26.1, dd1df4f
# A server for another domain is announced when the pods start again.
  $ kubectl get configmap coredns -n kube-system -o jsonpath='{.data.Corefile}' > Corefile
  $ printf 'consul.local:53 {\n    errors\n    cache 30\n    forward . 10.150.0.1\n}\n' >> Corefile
  $ kubectl create configmap coredns -n kube-system --from-file=Corefile --dry-run=client -o yaml | kubectl replace -f -
  configmap/coredns replaced
  $ kubectl rollout restart -n kube-system deployment/coredns
  deployment.apps/coredns restarted
  $ kubectl rollout status -n kube-system deployment/coredns | tail -1
  deployment "coredns" successfully rolled out
  $ kctl clock advance 10s >/dev/null
  $ kubectl logs -n kube-system deployment/coredns 2>/dev/null | grep :53
  .:53
  consul.local.:53
