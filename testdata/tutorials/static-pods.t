# A static pod: its mirror in the API server can be deleted, its containers go on.
# kctl: seed=1 profile=kind

  $ kubectl get pod etcd-kind-control-plane -n kube-system -o jsonpath='{.metadata.ownerReferences[0].kind} {.metadata.annotations.kubernetes\.io/config\.source}{"\n"}'
  Node file
  $ kctl clock advance 5m >/dev/null
  $ started() { kubectl get pod etcd-kind-control-plane -n kube-system -o jsonpath='{.metadata.creationTimestamp} {.status.containerStatuses[0].state.running.startedAt} {.status.containerStatuses[0].containerID}{"\n"}'; }
  $ started > before; cut -d' ' -f1,2 before
  2025-12-31T23:59:00Z 2025-12-31T23:59:01Z
  $ kubectl delete pod etcd-kind-control-plane -n kube-system
  pod "etcd-kind-control-plane" deleted from kube-system namespace
  $ kubectl get pod etcd-kind-control-plane -n kube-system
  NAME                      READY   STATUS    RESTARTS   AGE
  etcd-kind-control-plane   1/1     Running   0          0s
  $ started > after; cut -d' ' -f1,2 after
  2026-01-01T00:05:00Z 2025-12-31T23:59:01Z
  $ test "$(cut -d' ' -f3 before)" = "$(cut -d' ' -f3 after)" && echo the same container
  the same container
