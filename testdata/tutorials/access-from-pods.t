# Who may reach into pods, and what a pod may ask of the API server with its token.
# kctl: seed=1

  $ kubectl run web --image=nginx
  pod/web created
  $ kubectl create serviceaccount robot
  serviceaccount/robot created
  $ kubectl run client --image=curlimages/curl --overrides='{"spec":{"serviceAccountName":"robot"}}' --command -- sleep 100000
  pod/client created
  $ kubectl wait --for=condition=Ready pod/web pod/client --timeout=60s
  pod/web condition met
  pod/client condition met
# The mounted token names the service account; without a binding it may read nothing.
  $ cat > ask.sh <<'E'
  > D=/var/run/secrets/kubernetes.io/serviceaccount
  > URL=https://kubernetes.default.svc/api/v1/namespaces/$(cat $D/namespace)/pods
  > curl -s -o /tmp/answer -w '%{http_code}\n' --cacert $D/ca.crt -H "Authorization: Bearer $(cat $D/token)" $URL
  > E
  $ kubectl exec -i client -- sh < ask.sh
  403
  $ kubectl exec client -- grep -o 'pods is forbidden: User .* cannot list' /tmp/answer
  pods is forbidden: User \"system:serviceaccount:default:robot\" cannot list
  $ kubectl exec client -- sh -c 'curl -sk -o /dev/null -w "%{http_code}\n" -H "Authorization: Bearer wrong" https://kubernetes.default.svc/api'
  401
  $ kubectl create role reader --verb=get,list --resource=pods
  role.rbac.authorization.k8s.io/reader created
  $ kubectl create rolebinding robot-reads --role=reader --serviceaccount=default:robot
  rolebinding.rbac.authorization.k8s.io/robot-reads created
  $ kubectl exec -i client -- sh < ask.sh
  200
  $ kubectl exec client -- sh -c 'grep -c "\"PodList\"" /tmp/answer'
  1
# To run a command in a pod is another right than to read it.
  $ kubectl exec web --as=system:serviceaccount:default:robot -- hostname
  Error from server (Forbidden): pods "web" is forbidden: User "system:serviceaccount:default:robot" cannot create resource "pods/exec" in API group "" in the namespace "default"
  [1]
  $ kubectl exec web --as=jane -- hostname
  Error from server (Forbidden): pods "web" is forbidden: User "jane" cannot get resource "pods" in API group "" in the namespace "default"
  [1]
  $ kubectl create role operator --verb=create --resource=pods/exec
  role.rbac.authorization.k8s.io/operator created
  $ kubectl create rolebinding robot-operates --role=operator --serviceaccount=default:robot
  rolebinding.rbac.authorization.k8s.io/robot-operates created
  $ kubectl exec web --as=system:serviceaccount:default:robot -- hostname
  web
  $ kubectl logs web --as=system:serviceaccount:default:robot
  Error from server (Forbidden): pods "web" is forbidden: User "system:serviceaccount:default:robot" cannot get resource "pods/log" in API group "" in the namespace "default"
  [1]
  $ kubectl attach web --as=system:serviceaccount:default:robot
  All commands and output from this session will be recorded in container logs, including credentials and sensitive information passed through the command prompt.
  If you don't see a command prompt, try pressing enter.
  Error from server (Forbidden): pods "web" is forbidden: User "system:serviceaccount:default:robot" cannot create resource "pods/attach" in API group "" in the namespace "default"
  [1]
# A policy sees the request to connect.
  $ kubectl apply -f - <<'E'
  > apiVersion: admissionregistration.k8s.io/v1
  > kind: ValidatingAdmissionPolicy
  > metadata: {name: no-shell}
  > spec:
  >   matchConstraints:
  >     resourceRules:
  >     - {apiGroups: [""], apiVersions: [v1], operations: [CONNECT], resources: [pods/exec]}
  >   validations:
  >   - expression: "!('sh' in object.command)"
  >     message: no shells here
  > ---
  > apiVersion: admissionregistration.k8s.io/v1
  > kind: ValidatingAdmissionPolicyBinding
  > metadata: {name: no-shell}
  > spec: {policyName: no-shell, validationActions: [Deny]}
  > E
  validatingadmissionpolicy.admissionregistration.k8s.io/no-shell created
  validatingadmissionpolicybinding.admissionregistration.k8s.io/no-shell created
  $ kubectl exec web -- sh -c hostname
  The pods "web" is invalid: : ValidatingAdmissionPolicy 'no-shell' with binding 'no-shell' denied request: no shells here
  [1]
  $ kubectl exec web -- hostname
  web
