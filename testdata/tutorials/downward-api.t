# What a container learns about its pod.
# kctl: seed=1

  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata:
  >   name: aware
  >   labels: {zone: us-est-coast, cluster: test-cluster1}
  >   annotations: {build: two}
  > spec:
  >   containers:
  >   - name: aware
  >     image: busybox
  >     command: [sh, -c]
  >     args:
  >     - while true; do printenv MY_NODE_NAME MY_POD_NAME MY_POD_NAMESPACE MY_CPU_REQUEST MY_MEM_LIMIT; sleep 10; done
  >     resources:
  >       requests: {memory: 32Mi, cpu: 125m}
  >       limits: {memory: 64Mi, cpu: 250m}
  >     env:
  >     - {name: MY_NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
  >     - {name: MY_POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
  >     - {name: MY_POD_NAMESPACE, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}
  >     - {name: MY_POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
  >     - {name: MY_CPU_REQUEST, valueFrom: {resourceFieldRef: {resource: requests.cpu, divisor: 1m}}}
  >     - {name: MY_MEM_LIMIT, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
  >     volumeMounts: [{name: podinfo, mountPath: /etc/podinfo}]
  >   volumes:
  >   - name: podinfo
  >     downwardAPI:
  >       items:
  >       - {path: labels, fieldRef: {fieldPath: metadata.labels}}
  >       - {path: annotations, fieldRef: {fieldPath: metadata.annotations}}
  >       - {path: cpu_limit, resourceFieldRef: {containerName: aware, resource: limits.cpu, divisor: 1m}}
  > E
  pod/aware created
  $ kubectl wait --for=condition=Ready pod/aware
  pod/aware condition met
  $ kubectl logs aware --tail=5
  k8s-node1
  aware
  default
  125
  67108864
  $ kubectl exec aware -- sh -c 'hostname; hostname -i; echo $MY_POD_IP'
  aware
  10.244.1.2
  10.244.1.2
  $ kubectl get pod aware -o jsonpath='{.status.podIP}{"\n"}'
  10.244.1.2
  $ kubectl exec aware -- cat /etc/podinfo/labels
  cluster="test-cluster1"
  zone="us-est-coast" (no-eol)
  $ kubectl exec aware -- cat /etc/podinfo/cpu_limit
  250 (no-eol)
  $ kubectl exec aware -- ls -l /etc/podinfo | awk '{print $NF}'
  0
  ..data/annotations
  ..data/cpu_limit
  ..data/labels
# A label that changes arrives in the file.
  $ kubectl label pod aware rack=rack-22
  pod/aware labeled
  $ kctl clock advance 2m >/dev/null
  $ kubectl exec aware -- cat /etc/podinfo/labels
  cluster="test-cluster1"
  rack="rack-22"
  zone="us-est-coast" (no-eol)
# Two minutes of output.
  $ kubectl logs aware | grep -c '^aware$'
  13
