# Document 000: StatefulSet update and deletion, DaemonSet, ConfigMap. Each step names its entry of the list of commands.
# kctl: seed=9

# The cluster: nodes that all take pods; StatefulSet web as the excerpt finds it.
  $ kubectl taint nodes k8s-master node-role.kubernetes.io/control-plane- >/dev/null
  $ kubectl create -f sts-web.yaml >/dev/null
  $ kctl clock settle >/dev/null
  $ kubectl scale sts web --replicas=3 >/dev/null
  $ kctl clock settle >/dev/null
  $ kubectl set image sts/web nginx=nginx:1.17 >/dev/null
  $ kctl clock settle >/dev/null
  $ kubectl patch sts web -p '{"spec":{"updateStrategy":{"type":"OnDelete","rollingUpdate":null}}}' >/dev/null
  $ kubectl patch sts web -p '{"spec":{"updateStrategy":{"type":"RollingUpdate"}}}' >/dev/null
  $ kubectl set image sts/web nginx=dotbalo/canary:v1 >/dev/null
# 000.1
  $ kubectl rollout status sts/web
  waiting for statefulset rolling update to complete 0 pods at revision web-6bc4d446bb...
  Waiting for 1 pods to be ready...
  Waiting for 1 pods to be ready...
  Waiting for 1 pods to be ready...
  waiting for statefulset rolling update to complete 1 pods at revision web-6bc4d446bb...
  Waiting for 1 pods to be ready...
  Waiting for 1 pods to be ready...
  Waiting for 1 pods to be ready...
  waiting for statefulset rolling update to complete 2 pods at revision web-6bc4d446bb...
  Waiting for 1 pods to be ready...
  Waiting for 1 pods to be ready...
  Waiting for 1 pods to be ready...
  statefulset rolling update complete 3 pods at revision web-6bc4d446bb...
# 000.2
  $ for p in 0 1 2; do kubectl get po web-$p --template '{{range $i, $c := .spec.containers}}{{$c.image}}{{end}}'; echo; done
  dotbalo/canary:v1
  dotbalo/canary:v1
  dotbalo/canary:v1
# 000.3
  $ kubectl patch statefulset web -p '{"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":3}}}}'
  statefulset.apps/web patched
# 000.4
  $ kubectl patch statefulset web --type='json' -p='[{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value":"K8S.gcr.io/nginx-slim:0.7"}]'
  statefulset.apps/web patched
  $ kctl clock settle >/dev/null
# 000.5
  $ kubectl delete po web-2
  pod "web-2" deleted from default namespace
  $ kctl clock settle >/dev/null
# 000.6
  $ kubectl patch statefulset web -p '{"spec":{"updateStrategy":{"type":"RollingUpdate","rollingUpdate":{"partition":2}}}}'
  statefulset.apps/web patched
  $ kctl clock settle >/dev/null
# 000.7
  $ for p in 0 1 2; do kubectl get po web-$p --template '{{range $i, $c := .spec.containers}}{{$c.image}}{{end}}'; echo; done
  dotbalo/canary:v1
  dotbalo/canary:v1
  K8S.gcr.io/nginx-slim:0.7
# 000.8
  $ kubectl get po
  NAME    READY   STATUS    RESTARTS   AGE
  web-0   1/1     Running   0          15s
  web-1   1/1     Running   0          17s
  web-2   1/1     Running   0          5s
# 000.9
  $ kubectl delete statefulset web --cascade=false
  warning: --cascade=false is deprecated (boolean value) and can be replaced with --cascade=orphan.
  statefulset.apps "web" deleted from default namespace
# 000.10
  $ kubectl get sts
  No resources found in default namespace.
# 000.11
  $ kubectl get po
  NAME    READY   STATUS    RESTARTS   AGE
  web-0   1/1     Running   0          15s
  web-1   1/1     Running   0          17s
  web-2   1/1     Running   0          5s
# 000.12
  $ kubectl get po
  NAME    READY   STATUS    RESTARTS   AGE
  web-0   1/1     Running   0          15s
  web-1   1/1     Running   0          17s
  web-2   1/1     Running   0          5s
# 000.13
  $ kubectl delete po web-0
  pod "web-0" deleted from default namespace
# 000.14
  $ kubectl get po
  NAME    READY   STATUS    RESTARTS   AGE
  web-1   1/1     Running   0          18s
  web-2   1/1     Running   0          6s
# 000.15
  $ kubectl create -f sts-web.yaml
  statefulset.apps/web created
  Error from server (AlreadyExists): error when creating "sts-web.yaml": services "nginx" already exists
  [1]
  $ kctl clock settle >/dev/null
# 000.16
  $ kubectl get po
  NAME    READY   STATUS    RESTARTS   AGE
  web-0   1/1     Running   0          5s
  web-1   1/1     Running   0          23s
# 000.17
  $ kubectl delete statefulset web
  statefulset.apps "web" deleted from default namespace
# 000.18
  $ kubectl get po
  NAME    READY   STATUS        RESTARTS   AGE
  web-0   1/1     Terminating   0          5s
  web-1   1/1     Terminating   0          23s
  $ kctl clock settle >/dev/null
  $ kubectl get po
  No resources found in default namespace.
# 000.19
  $ kubectl delete -f sts-web.yaml
  service "nginx" deleted from default namespace
  Error from server (NotFound): error when deleting "sts-web.yaml": statefulsets.apps "web" not found
  [1]
# 000.20
  $ kubectl create -f nginx-ds.yaml
  namespace/ingress-nginx created
  configmap/nginx-configuration created
  configmap/tcp-services created
  configmap/udp-services created
  serviceaccount/nginx-ingress-serviceaccount created
  clusterrole.rbac.authorization.k8s.io/nginx-ingress-clusterrole created
  role.rbac.authorization.k8s.io/nginx-ingress-role created
  rolebinding.rbac.authorization.k8s.io/nginx-ingress-role-nisa-binding created
  clusterrolebinding.rbac.authorization.k8s.io/nginx-ingress-clusterrole-nisa-binding created
  daemonset.apps/nginx-ingress-controller created
  $ kctl clock settle >/dev/null
# 000.21
  $ kubectl get po -n ingress-nginx
  NAME                             READY   STATUS    RESTARTS   AGE
  nginx-ingress-controller-4284d   1/1     Running   0          5s
  nginx-ingress-controller-8r9fr   1/1     Running   0          5s
  nginx-ingress-controller-n24df   1/1     Running   0          5s
# 000.22
  $ kubectl get po -n ingress-nginx -o wide
  NAME                             READY   STATUS    RESTARTS   AGE   IP              NODE         NOMINATED NODE   READINESS GATES
  nginx-ingress-controller-4284d   1/1     Running   0          5s    192.168.20.10   k8s-master   <none>           <none>
  nginx-ingress-controller-8r9fr   1/1     Running   0          5s    192.168.20.11   k8s-node1    <none>           <none>
  nginx-ingress-controller-n24df   1/1     Running   0          5s    192.168.20.12   k8s-node2    <none>           <none>
# 000.23 as printed
  $ kubectl get ds/nginx-ds -o go-template='{{.spec.updateStrategy.type}}{{"\n"}}'
  Error from server (NotFound): daemonsets.apps "nginx-ds" not found
  [1]
  $ kubectl create -f nginx-ds-ssd.yaml >/dev/null
# 000.23 with the DaemonSet that the document leaves out
  $ kubectl get ds/nginx-ds -o go-template='{{.spec.updateStrategy.type}}{{"\n"}}'
  RollingUpdate
# 000.24 as printed
  $ kubectl edit ds/
  error: arguments in resource/name form must have a single resource and name
  [1]
# 000.24 with a name
  $ EDITOR='sed -i s/image:.nginx/image:\ nginx:1.15/' kubectl edit ds/nginx-ds
  daemonset.apps/nginx-ds edited
# 000.25 as printed
  $ kubectl patch ds/ -p=
  error: arguments in resource/name form must have a single resource and name
  [1]
# 000.25 with a name and a patch
  $ kubectl patch ds/nginx-ds -p='{"spec":{"minReadySeconds":1}}'
  daemonset.apps/nginx-ds patched
# 000.26 as printed
  $ kubectl set image ds/=--record=true
  error: You must provide one or more resources by argument or filename.
  Example resource specifications include:
     '-f rsrc.yaml'
     '--filename=rsrc.json'
     '<resource> <name>'
     '<resource>'
  [1]
# 000.26 with names
  $ kubectl set image ds/nginx-ds nginx=nginx:1.16 --record=true
  Flag --record has been deprecated, --record will be removed in the future
  daemonset.apps/nginx-ds image updated
# 000.27 as printed
  $ kubectl rollout status ds/
  error: arguments in resource/name form must have a single resource and name
  [1]
# 000.27 with a name
  $ kubectl rollout status ds/nginx-ds
  daemon set "nginx-ds" successfully rolled out
# 000.28 as printed
  $ kubectl rollout history daemonset
  daemonset.apps/nginx-ds 
  REVISION  CHANGE-CAUSE
  1         <none>
  2         <none>
  3         kubectl set image ds/nginx-ds nginx=nginx:1.16 --record=true
  
# 000.28 with a name
  $ kubectl rollout history daemonset nginx-ds
  daemonset.apps/nginx-ds 
  REVISION  CHANGE-CAUSE
  1         <none>
  2         <none>
  3         kubectl set image ds/nginx-ds nginx=nginx:1.16 --record=true
  
# 000.29 with a name and a number
  $ kubectl rollout undo daemonset nginx-ds --to-revision=1
  daemonset.apps/nginx-ds rolled back
# 000.30 as printed
  $ kubectl create configmap
  error: exactly one NAME is required, got 0
  See 'kubectl create configmap -h' for help and examples
  [1]
# 000.30 without a source, from literals, a file, a directory, an environment file
  $ kubectl create configmap empty
  configmap/empty created
  $ kubectl create configmap literal --from-literal=a=b --from-literal=c=d
  configmap/literal created
  $ mkdir -p conf && echo 'x=y' > conf/one && echo z > conf/two
  $ kubectl create configmap file --from-file=conf/one
  configmap/file created
  $ kubectl create configmap dir --from-file=conf
  configmap/dir created
  $ kubectl create configmap env --from-env-file=conf/one
  configmap/env created
  $ kubectl get configmap
  NAME               DATA   AGE
  dir                2      0s
  empty              0      0s
  env                1      0s
  file               1      0s
  kube-root-ca.crt   1      59s
  literal            2      0s
