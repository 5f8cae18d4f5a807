# A first application: deployed, looked at, exposed, scaled and updated.
# kctl: seed=1 profile=minikube

  $ kubectl create deployment hello-node --image=registry.k8s.io/e2e-test-images/agnhost:2.53 -- /agnhost netexec --http-port=8080
  deployment.apps/hello-node created
  $ kubectl rollout status deployment/hello-node | tail -1
  deployment "hello-node" successfully rolled out
  $ kubectl logs deploy/hello-node
  I0101 00:00:02.000000       1 log.go:195] Started HTTP server on port 8080
  I0101 00:00:02.000000       1 log.go:195] Started UDP server on port  8081
  $ kubectl expose deployment hello-node --type=LoadBalancer --port=8080
  service/hello-node exposed
  $ kubectl get services
  NAME         TYPE           CLUSTER-IP     EXTERNAL-IP   PORT(S)          AGE
  hello-node   LoadBalancer   10.103.117.6   <pending>     8080:31784/TCP   0s
  kubernetes   ClusterIP      10.96.0.1      <none>        443/TCP          62s
  $ kubectl run ask -i -q --image=busybox:1.36 --restart=Never --rm -- wget -qO - 'http://hello-node:8080/echo?msg=hi'; echo
  hi
  
  $ kubectl logs deploy/hello-node --tail=1
  I0101 00:00:04.000000       1 log.go:195] GET /echo?msg=hi&code=
  $ kubectl delete service,deployment hello-node
  service "hello-node" deleted from default namespace
  deployment.apps "hello-node" deleted from default namespace
  $ kubectl create deployment kubernetes-bootcamp --image=gcr.io/google-samples/kubernetes-bootcamp:v1
  deployment.apps/kubernetes-bootcamp created
  $ kubectl rollout status deployment/kubernetes-bootcamp | tail -1
  deployment "kubernetes-bootcamp" successfully rolled out
  $ export POD_NAME="$(kubectl get pods -l app=kubernetes-bootcamp -o go-template --template '{{range .items}}{{.metadata.name}}{{"\n"}}{{end}}')"
  $ kubectl logs "$POD_NAME"
  Kubernetes Bootcamp App Started At: 2026-01-01T00:00:06.000Z | Running On:  kubernetes-bootcamp-776d987487-r9nqz 
  
  $ kubectl exec "$POD_NAME" -- env | grep HOSTNAME
  HOSTNAME=kubernetes-bootcamp-776d987487-r9nqz
  $ kubectl exec -i $POD_NAME -- bash <<'X'
  > curl -s http://localhost:8080
  > exit
  > X
  Hello Kubernetes bootcamp! | Running on: kubernetes-bootcamp-776d987487-r9nqz | v=1
  $ kubectl logs "$POD_NAME" --tail=1
  Running On: kubernetes-bootcamp-776d987487-r9nqz | Total Requests: 1 | App Uptime: 0 seconds | Log Time: 2026-01-01T00:00:06.000Z
  $ kubectl expose deployment/kubernetes-bootcamp --type="NodePort" --port 8080
  service/kubernetes-bootcamp exposed
  $ export NODE_PORT="$(kubectl get services/kubernetes-bootcamp -o go-template='{{(index .spec.ports 0).nodePort}}')"
  $ ask() { kubectl debug node/minikube -i -q --image=busybox:1.36 -- wget -qO - http://192.168.49.2:$NODE_PORT; }
  $ ask
  Hello Kubernetes bootcamp! | Running on: kubernetes-bootcamp-776d987487-r9nqz | v=1
  $ kubectl label pods "$POD_NAME" version=v1
  pod/kubernetes-bootcamp-776d987487-r9nqz labeled
  $ kubectl get pods -l version=v1
  NAME                                   READY   STATUS    RESTARTS   AGE
  kubernetes-bootcamp-776d987487-r9nqz   1/1     Running   0          3s
  $ kubectl delete service -l app=kubernetes-bootcamp
  service "kubernetes-bootcamp" deleted from default namespace
  $ kubectl exec -i $POD_NAME -- curl -s http://localhost:8080
  Hello Kubernetes bootcamp! | Running on: kubernetes-bootcamp-776d987487-r9nqz | v=1
  $ kubectl scale deployments/kubernetes-bootcamp --replicas=4
  deployment.apps/kubernetes-bootcamp scaled
  $ kubectl rollout status deployments/kubernetes-bootcamp | tail -1
  deployment "kubernetes-bootcamp" successfully rolled out
  $ kubectl set image deployments/kubernetes-bootcamp kubernetes-bootcamp=docker.io/jocatalin/kubernetes-bootcamp:v2
  deployment.apps/kubernetes-bootcamp image updated
  $ kubectl rollout status deployments/kubernetes-bootcamp | tail -1
  deployment "kubernetes-bootcamp" successfully rolled out
  $ kubectl expose deployment/kubernetes-bootcamp --type="NodePort" --port 8080
  service/kubernetes-bootcamp exposed
  $ export NODE_PORT="$(kubectl get services/kubernetes-bootcamp -o go-template='{{(index .spec.ports 0).nodePort}}')"
  $ for i in 1 2 3; do ask; done
  Hello Kubernetes bootcamp! | Running on: kubernetes-bootcamp-5c6d96cc68-drprg | v=2
  Hello Kubernetes bootcamp! | Running on: kubernetes-bootcamp-5c6d96cc68-nhff9 | v=2
  Hello Kubernetes bootcamp! | Running on: kubernetes-bootcamp-5c6d96cc68-nhff9 | v=2
# A version that no registry has leaves the others alone.
  $ kubectl set image deployments/kubernetes-bootcamp kubernetes-bootcamp=gcr.io/google-samples/kubernetes-bootcamp:v10
  deployment.apps/kubernetes-bootcamp image updated
  $ kctl clock advance 30s >/dev/null
  $ kubectl get deployments
  NAME                  READY   UP-TO-DATE   AVAILABLE   AGE
  kubernetes-bootcamp   3/4     2            3           40s
  $ export AFFECTED_POD="$(kubectl get pods --field-selector status.phase=Pending -o go-template --template '{{(index .items 0).metadata.name}}')"
  $ kubectl describe pod $AFFECTED_POD | grep -o 'Failed to pull.*not found' | head -1
  Failed to pull image "gcr.io/google-samples/kubernetes-bootcamp:v10": Error response from daemon: failed to resolve reference "gcr.io/google-samples/kubernetes-bootcamp:v10": gcr.io/google-samples/kubernetes-bootcamp:v10: not found
  $ kubectl rollout undo deployments/kubernetes-bootcamp
  deployment.apps/kubernetes-bootcamp rolled back
  $ kubectl rollout status deployments/kubernetes-bootcamp | tail -1
  deployment "kubernetes-bootcamp" successfully rolled out
  $ kubectl delete deployments/kubernetes-bootcamp services/kubernetes-bootcamp
  deployment.apps "kubernetes-bootcamp" deleted from default namespace
  service "kubernetes-bootcamp" deleted from default namespace
