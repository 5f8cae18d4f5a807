# More addresses for services, and what keeps a range.
# kctl: seed=1

  $ kctl store reset --profile kind --service-cidr 10.96.0.0/28 >/dev/null
  $ kubectl get servicecidr
  NAME         CIDRS          AGE
  kubernetes   10.96.0.0/28   60s
  $ kubectl get ipaddress 10.96.0.1
  NAME        PARENTREF
  10.96.0.1   services/default/kubernetes
  $ for i in $(seq 1 13); do kubectl create service clusterip "test-$i" --tcp 80 -o json | grep -c '"clusterIP":'; done 2>&1 | sort | uniq -c
        1 0
       12 1
        1 error: failed to create ClusterIP service: Internal error occurred: failed to allocate a serviceIP: range is full
  $ cat <<EOF | kubectl apply -f -
  > apiVersion: networking.k8s.io/v1
  > kind: ServiceCIDR
  > metadata:
  >   name: newcidr1
  > spec:
  >   cidrs:
  >   - 10.96.0.0/24
  > EOF
  servicecidr.networking.k8s.io/newcidr1 created
  $ for i in $(seq 13 16); do kubectl create service clusterip "test-$i" --tcp 80 -o jsonpath='{.spec.clusterIP}{"\n"}'; done
  10.96.0.229
  10.96.0.232
  10.96.0.60
  10.96.0.116
  $ kubectl get ipaddresses | tail -4
  10.96.0.60    services/default/test-15
  10.96.0.7     services/default/test-10
  10.96.0.8     services/default/test-9
  10.96.0.9     services/default/test-4
  $ kubectl delete servicecidr newcidr1 --wait=false
  servicecidr.networking.k8s.io "newcidr1" deleted
  $ kubectl get servicecidr newcidr1 -o jsonpath='{.metadata.finalizers}{"\n"}{.status.conditions[0].reason}{": "}{.status.conditions[0].message}{"\n"}'
  ["networking.k8s.io/service-cidr-finalizer"]
  Terminating: There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR
  $ for i in $(seq 13 16); do kubectl delete service "test-$i"; done
  service "test-13" deleted from default namespace
  service "test-14" deleted from default namespace
  service "test-15" deleted from default namespace
  service "test-16" deleted from default namespace
  $ kctl clock advance 30s >/dev/null
  $ kubectl get servicecidr newcidr1
  Error from server (NotFound): servicecidrs.networking.k8s.io "newcidr1" not found
  [1]
