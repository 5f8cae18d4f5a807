# Who the administrator of a cluster is, what a service account is, and who signs its tokens.
# kctl: seed=1 profile=kind

  $ kubectl config view -o jsonpath='{.clusters[0].cluster}'; echo
  {"certificate-authority-data":"DATA+OMITTED","server":"https://127.0.0.1:6443"}
  $ kubectl config view --raw -o jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d > ca.crt
  $ kubectl get configmap kube-root-ca.crt -o jsonpath='{.data.ca\.crt}' | cmp - ca.crt && echo the certificate of the cluster
  the certificate of the cluster
  $ kubectl auth whoami
  ATTRIBUTE                                           VALUE
  Username                                            kubernetes-admin
  Groups                                              [kubeadm:cluster-admins system:authenticated]
  Extra: authentication.kubernetes.io/credential-id   \[X509SHA256=[0-9a-f]{64}\] (re)
  $ kubectl get clusterrolebinding kubeadm:cluster-admins -o wide
  NAME                     ROLE                        AGE   USERS   GROUPS                   SERVICEACCOUNTS
  kubeadm:cluster-admins   ClusterRole/cluster-admin   60s           kubeadm:cluster-admins   
  $ kubectl auth can-i '*' '*'
  yes
  $ kubectl auth can-i list secrets --as=jane
  no
  [1]
  $ kubectl auth whoami --token=$(kubectl create token default) -o jsonpath='{.status.userInfo.username}'; echo
  system:serviceaccount:default:default
  $ kubectl get --raw /.well-known/openid-configuration; echo
  {"issuer":"https://kubernetes.default.svc.cluster.local","jwks_uri":"https://172.18.0.2:6443/openid/v1/jwks","response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":["EdDSA"]}
  $ key() { tr , '\n' | sed -n 's/.*"kid":"\([^"]*\)".*/\1/p'; }
  $ published=$(kubectl get --raw /openid/v1/jwks | key)
  $ used=$(kubectl create token default | cut -d. -f1 | tr -- -_ +/ | sed 's/$/===/' | base64 -d 2>/dev/null | key)
  $ test -n "$published" && test "$published" = "$used" && echo signed with the published key
  signed with the published key
  $ kubectl get --raw /openid/v1/jwks --as=jane
  Error from server (Forbidden): forbidden: User "jane" cannot get path "/openid/v1/jwks"
  [1]
# Without the binding, the administrator may do nothing any more.
  $ kubectl delete clusterrolebinding kubeadm:cluster-admins
  clusterrolebinding.rbac.authorization.k8s.io "kubeadm:cluster-admins" deleted
  $ kubectl get pods
  Error from server (Forbidden): pods is forbidden: User "kubernetes-admin" cannot list resource "pods" in API group "" in the namespace "default"
  [1]
  $ kubectl create clusterrolebinding kubeadm:cluster-admins --clusterrole=cluster-admin --group=kubeadm:cluster-admins --as=root --as-group=system:masters
  clusterrolebinding.rbac.authorization.k8s.io/kubeadm:cluster-admins created
  $ kubectl get pods
  No resources found in default namespace.
