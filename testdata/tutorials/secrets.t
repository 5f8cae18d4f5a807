# What a container sees of Secrets.
# kctl: seed=1

  $ kubectl create secret generic db --from-literal=username=admin --from-literal=password='S!B\*d$zDsb='
  $ kubectl get secret db -o jsonpath='{.data.password}'
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: client}
  > spec:
  >   securityContext: {runAsUser: 1000, fsGroup: 2000}
  >   containers:
  >   - name: client
  >     image: busybox
  >     command: [sleep, infinity]
  >     env:
  >     - name: SECRET_USERNAME
  >       valueFrom: {secretKeyRef: {name: db, key: username}}
  >     volumeMounts:
  >     - {name: secret, mountPath: /etc/secret, readOnly: true}
  >   volumes:
  >   - name: secret
  >     secret: {secretName: db, defaultMode: 0440}
  > E
  $ kubectl wait --for=condition=Ready pod/client
  $ kubectl exec client -- printenv SECRET_USERNAME
  $ kubectl exec -i client -- sh <<'E'
  > cd /etc/secret
  > ls
  > cat password; echo
  > id
  > E
  $ kubectl exec client -- stat -L -c '%a %u:%g' /etc/secret/password
  $ kubectl exec client -- touch /etc/secret/more
  $ kubectl exec client -- mount | grep secret
# A token of the service account is there, too.
  $ kubectl exec client -- ls /var/run/secrets/kubernetes.io/serviceaccount
  $ kubectl exec client -- cat /var/run/secrets/kubernetes.io/serviceaccount/namespace
# A pod that needs a Secret that does not exist does not start.
  $ kubectl run waits --image=busybox --overrides='{"spec":{"containers":[{"name":"waits","image":"busybox","env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"later","key":"a"}}}],"command":["sh","-c","echo got $A; sleep 60"]}]}}'
  $ kctl clock advance 10s >/dev/null
  $ kubectl get pod waits
  $ kubectl exec waits -- ls
  $ kubectl create secret generic later --from-literal=a=it
  $ kubectl wait --for=condition=Ready pod/waits
  $ kubectl logs waits
