# Memory and processors: what a container asks for, what it may use, and what happens when it wants more.
# kctl: seed=1

  $ kctl store reset --metrics-server >/dev/null
  $ kubectl create namespace mem-example
  namespace/mem-example created
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: memory-demo, namespace: mem-example}
  > spec:
  >   containers:
  >   - name: memory-demo-ctr
  >     image: polinux/stress
  >     resources: {requests: {memory: 100Mi}, limits: {memory: 200Mi}}
  >     command: [stress]
  >     args: [--vm, "1", --vm-bytes, 150M, --vm-hang, "1"]
  > ---
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: memory-demo-2, namespace: mem-example}
  > spec:
  >   containers:
  >   - name: memory-demo-2-ctr
  >     image: polinux/stress
  >     resources: {requests: {memory: 50Mi}, limits: {memory: 100Mi}}
  >     command: [stress]
  >     args: [--vm, "1", --vm-bytes, 250M, --vm-hang, "1"]
  > ---
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: memory-demo-3, namespace: mem-example}
  > spec:
  >   containers:
  >   - name: memory-demo-3-ctr
  >     image: polinux/stress
  >     resources: {requests: {memory: 1000Gi}, limits: {memory: 1000Gi}}
  >     command: [stress]
  >     args: [--vm, "1", --vm-bytes, 150M, --vm-hang, "1"]
  > E
  pod/memory-demo created
  pod/memory-demo-2 created
  pod/memory-demo-3 created
  $ kctl clock advance 60s >/dev/null; kubectl get pods -n mem-example
  NAME            READY   STATUS             RESTARTS      AGE
  memory-demo     1/1     Running            0             60s
  memory-demo-2   0/1     CrashLoopBackOff   3 (23s ago)   60s
  memory-demo-3   0/1     Pending            0             60s
  $ kubectl top pod memory-demo --namespace=mem-example
  NAME          CPU(cores)   MEMORY(bytes)   
  memory-demo   2m           150Mi           
  $ kubectl logs memory-demo --namespace=mem-example
  stress: info: [1] dispatching hogs: 0 cpu, 0 io, 1 vm, 0 hdd
  $ kubectl get pod memory-demo-2 -n mem-example -o jsonpath='{.status.containerStatuses[0].lastState.terminated.reason}{"\n"}'
  OOMKilled
  $ kubectl describe pod memory-demo-2 -n mem-example | grep -E 'State|Reason|Exit Code|BackOff' | sed 's/_mem.*//'
      State:          Waiting
        Reason:       CrashLoopBackOff
      Last State:     Terminated
        Reason:       OOMKilled
        Exit Code:    137
    Type     Reason     Age                From               Message
    Warning  BackOff    22s (x3 over 54s)  kubelet            spec.containers{memory-demo-2-ctr}: Back-off restarting failed container memory-demo-2-ctr in pod memory-demo-2
  $ kubectl describe pod memory-demo-3 -n mem-example | tail -1 | cut -c1-130
    Warning  FailedScheduling  60s   default-scheduler  0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient 
# Processors.
  $ kubectl create namespace cpu-example
  namespace/cpu-example created
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: cpu-demo, namespace: cpu-example}
  > spec:
  >   containers:
  >   - name: cpu-demo-ctr
  >     image: vish/stress
  >     resources: {limits: {cpu: "1"}, requests: {cpu: "0.5"}}
  >     args: [-cpus, "2"]
  > ---
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: cpu-demo-2, namespace: cpu-example}
  > spec:
  >   containers:
  >   - name: cpu-demo-ctr-2
  >     image: vish/stress
  >     resources: {limits: {cpu: "100"}, requests: {cpu: "100"}}
  >     args: [-cpus, "2"]
  > E
  pod/cpu-demo created
  pod/cpu-demo-2 created
  $ kctl clock advance 60s >/dev/null; kubectl top pod cpu-demo --namespace=cpu-example
  NAME       CPU(cores)   MEMORY(bytes)   
  cpu-demo   1000m        190Mi           
  $ kubectl logs cpu-demo --namespace=cpu-example | cut -d' ' -f9-
  1 main.go:26] Allocating "0" memory, in "4Ki" chunks, with a 1ms sleep between allocations
  1 main.go:39] Spawning a thread to consume CPU
  1 main.go:39] Spawning a thread to consume CPU
  1 main.go:29] Allocated "0" memory
  $ kubectl get pod cpu-demo-2 --namespace=cpu-example
  NAME         READY   STATUS    RESTARTS   AGE
  cpu-demo-2   0/1     Pending   0          60s
# Classes of quality of service.
  $ for resources in '{limits: {cpu: 700m, memory: 200Mi}}' '{limits: {memory: 200Mi}, requests: {memory: 100Mi}}' '{}'; do
  >   printf "apiVersion: v1\nkind: Pod\nmetadata: {name: qos-demo}\nspec: {containers: [{name: c, image: nginx, resources: $resources}]}" |
  >     kubectl create -f - -o jsonpath='{.status.qosClass}{"\n"}'
  >   kubectl delete pod qos-demo >/dev/null
  > done
  Guaranteed
  Burstable
  BestEffort
# A resource that only one node has.
  $ kubectl patch node k8s-node1 --subresource=status --type=json -p '[{"op": "add", "path": "/status/capacity/example.com~1dongle", "value": "4"}]'
  node/k8s-node1 patched
  $ for n in 3 2; do
  >   printf "apiVersion: v1\nkind: Pod\nmetadata: {name: dongle-$n}\nspec: {containers: [{name: c, image: nginx, resources: {limits: {example.com/dongle: $n}}}]}" |
  >     kubectl create -f -
  >   kctl clock advance 3s >/dev/null
  > done
  pod/dongle-3 created
  pod/dongle-2 created
  $ kubectl get pods
  NAME       READY   STATUS    RESTARTS   AGE
  dongle-2   0/1     Pending   0          3s
  dongle-3   1/1     Running   0          6s
  $ kubectl describe pod dongle-2 | grep -o '.* Insufficient example.com/dongle' | cut -d' ' -f12-
   0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient example.com/dongle
# Limits of the whole pod bound containers without own ones.
  $ for limit in 200 100; do
  >   printf "apiVersion: v1\nkind: Pod\nmetadata: {name: memory-$limit}\nspec:\n  resources: {requests: {memory: 100Mi}, limits: {memory: ${limit}Mi}}\n  containers: [{name: c, image: polinux/stress, command: [stress, --vm, '1', --vm-bytes, 150M, --vm-hang, '1']}]" |
  >     kubectl create -f -
  > done
  pod/memory-200 created
  pod/memory-100 created
  $ kctl clock advance 10s >/dev/null
  $ kubectl get pods memory-100 memory-200 -o custom-columns='NAME:.metadata.name,REASON:.status.containerStatuses[0].lastState.terminated.reason,WAITS:.status.containerStatuses[0].state.waiting.reason'
  NAME         REASON      WAITS
  memory-100   OOMKilled   CrashLoopBackOff
  memory-200   <none>      <none>
