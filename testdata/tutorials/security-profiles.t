# Profiles of seccomp and AppArmor: those of a node have to be there.
# kctl: seed=1 profile=kind

  $ profile() { printf "apiVersion: v1\nkind: Pod\nmetadata: {name: $1, labels: {app: $1}}\nspec:\n  securityContext: {$2}\n  containers: [{name: test-container, image: hashicorp/http-echo:1.0, args: ['-text=just made some syscalls!']}]" | kubectl apply -f -; }
  $ profile default-pod 'seccompProfile: {type: RuntimeDefault}, appArmorProfile: {type: RuntimeDefault}'
  pod/default-pod created
  $ profile audit-pod 'seccompProfile: {type: Localhost, localhostProfile: profiles/audit.json}'
  pod/audit-pod created
  $ kctl clock advance 20s >/dev/null; kubectl get pods
  NAME          READY   STATUS                 RESTARTS   AGE
  audit-pod     0/1     CreateContainerError   0          20s
  default-pod   1/1     Running                0          20s
  $ kubectl get pod audit-pod -o jsonpath='{.status.containerStatuses[0].state.waiting.message}{"\n"}'
  failed to create containerd container: cannot load seccomp profile "/var/lib/kubelet/seccomp/profiles/audit.json": open /var/lib/kubelet/seccomp/profiles/audit.json: no such file or directory
  $ kubectl get events --field-selector involvedObject.name=audit-pod,type=Warning -o custom-columns=REASON:.reason,MESSAGE:.message
  REASON   MESSAGE
  Failed   Error: failed to create containerd container: cannot load seccomp profile "/var/lib/kubelet/seccomp/profiles/audit.json": open /var/lib/kubelet/seccomp/profiles/audit.json: no such file or directory
# A file that is put on the node is found with the next attempt.
  $ kubectl debug node/kind-control-plane -i -q --image=busybox:1.28 -- sh <<'E'
  > mkdir -p /host/var/lib/kubelet/seccomp/profiles
  > echo '{"defaultAction": "SCMP_ACT_LOG"}' > /host/var/lib/kubelet/seccomp/profiles/audit.json
  > E
  $ kubectl wait --for=condition=Ready pod/audit-pod --timeout=30s
  pod/audit-pod condition met
  $ kubectl expose pod audit-pod --type=NodePort --port=5678
  service/audit-pod exposed
  $ kubectl run curl --image=curlimages/curl --restart=Never -i --rm -q -- curl -s audit-pod:5678
  just made some syscalls!
# Nothing loads profiles of AppArmor.
  $ profile hello-apparmor 'appArmorProfile: {type: Localhost, localhostProfile: k8s-apparmor-example-deny-write}'
  pod/hello-apparmor created
  $ kctl clock advance 10s >/dev/null; kubectl get pod hello-apparmor
  NAME             READY   STATUS                 RESTARTS   AGE
  hello-apparmor   0/1     CreateContainerError   0          10s
  $ kubectl describe pod hello-apparmor | sed -n '/State:/,/Reason:/p; /Error:/s/.*Error/Error/p'
      State:          Waiting
        Reason:       CreateContainerError
  Error: failed to get container spec opts: failed to generate apparmor spec opts: apparmor profile not found k8s-apparmor-example-deny-write
