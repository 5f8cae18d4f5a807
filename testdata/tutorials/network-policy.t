# A policy decides which pods reach a server.
# kctl: seed=1 profile=kind nodes=3

  $ kubectl create deployment nginx --image=nginx
  deployment.apps/nginx created
  $ kubectl expose deployment nginx --port=80
  service/nginx exposed
  $ kubectl rollout status deployment/nginx | tail -1
  deployment "nginx" successfully rolled out
  $ kubectl run busybox --rm -i -q --image=busybox:1.36 -- /bin/sh <<'X'
  > wget --spider --timeout=1 nginx
  > X
  Connecting to nginx (10.96.87.198:80)
  remote file exists
  $ kubectl apply -f - <<'X'
  > apiVersion: networking.k8s.io/v1
  > kind: NetworkPolicy
  > metadata: {name: access-nginx}
  > spec:
  >   podSelector: {matchLabels: {app: nginx}}
  >   ingress:
  >   - from: [{podSelector: {matchLabels: {access: "true"}}}]
  > X
  networkpolicy.networking.k8s.io/access-nginx created
  $ kubectl run busybox --rm -i -q --image=busybox:1.36 -- /bin/sh <<'X'
  > wget --spider --timeout=1 nginx
  > X
  Connecting to nginx (10.96.87.198:80)
  wget: download timed out
  $ kubectl run busybox --rm -i -q --labels="access=true" --image=busybox:1.36 -- /bin/sh <<'X'
  > wget --spider --timeout=1 nginx
  > X
  Connecting to nginx (10.96.87.198:80)
  remote file exists
  $ kubectl describe networkpolicy access-nginx | sed -n '/Spec/,$p'
  Spec:
    PodSelector:     app=nginx
    Allowing ingress traffic:
      To Port: <any> (traffic allowed to all ports)
      From:
        PodSelector: access=true
    Not affecting egress traffic
    Policy Types: Ingress
# Nothing in, nothing out.
  $ kubectl apply -f - <<'X'
  > apiVersion: networking.k8s.io/v1
  > kind: NetworkPolicy
  > metadata: {name: default-deny-all}
  > spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
  > X
  networkpolicy.networking.k8s.io/default-deny-all created
  $ kubectl run busybox --rm -i -q --labels="access=true" --image=busybox:1.36 -- /bin/sh <<'X'
  > wget -q --spider --timeout=1 nginx
  > X
  wget: bad address 'nginx'
