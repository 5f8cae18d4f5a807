# Jobs that do something with their index.
# kctl: seed=1

  $ kubectl apply -f - <<'E'
  > apiVersion: batch/v1
  > kind: Job
  > metadata: {name: indexed-job}
  > spec:
  >   completions: 5
  >   parallelism: 3
  >   completionMode: Indexed
  >   template:
  >     spec:
  >       restartPolicy: Never
  >       initContainers:
  >       - name: input
  >         image: docker.io/library/bash
  >         command:
  >         - bash
  >         - -c
  >         - |
  >           items=(foo bar baz qux xyz)
  >           echo ${items[$JOB_COMPLETION_INDEX]} > /input/data.txt
  >         volumeMounts: [{mountPath: /input, name: input}]
  >       containers:
  >       - name: worker
  >         image: docker.io/library/busybox
  >         command: [rev, /input/data.txt]
  >         volumeMounts: [{mountPath: /input, name: input}]
  >       volumes: [{name: input, emptyDir: {}}]
  > E
  $ kubectl wait --for=condition=Complete job/indexed-job
  $ for i in 0 1 2 3 4; do kubectl logs -l batch.kubernetes.io/job-completion-index=$i -c worker; done
# A job that computes; one that fails by itself, and is tried again.
  $ kubectl create job sum --image=busybox -- sh -c 'seq 1 100 | awk "{s+=\$1} END {print s}"'
  $ kubectl wait --for=condition=Complete job/sum && kubectl logs job/sum
  $ kubectl apply -f - <<'E'
  > apiVersion: batch/v1
  > kind: Job
  > metadata: {name: policy}
  > spec:
  >   backoffLimit: 6
  >   template:
  >     spec:
  >       restartPolicy: Never
  >       containers:
  >       - name: main
  >         image: docker.io/library/bash:5
  >         command: [bash]
  >         args: [-c, 'echo "Hello world!" && sleep 5 && exit 42']
  >   podFailurePolicy:
  >     rules: [{action: FailJob, onExitCodes: {containerName: main, operator: In, values: [42]}}]
  > E
  $ kubectl wait --for=condition=Failed job/policy
  $ kubectl get job policy -o jsonpath='{.status.conditions[?(@.type=="Failed")].message}{"\n"}' | sed 's/policy-[a-z0-9]*/POD/'
# A queue of work in a volume: each worker takes items until there are none.
  $ kubectl apply -f - <<'E'
  > apiVersion: storage.k8s.io/v1
  > kind: StorageClass
  > metadata: {name: standard, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
  > provisioner: rancher.io/local-path
  > ---
  > apiVersion: v1
  > kind: PersistentVolumeClaim
  > metadata: {name: queue}
  > spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
  > ---
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: fill}
  > spec:
  >   restartPolicy: Never
  >   containers:
  >   - name: c
  >     image: busybox
  >     command: [sh, -c, 'for f in apple banana cherry date fig grape lemon melon; do touch /queue/$f; done']
  >     volumeMounts: [{name: q, mountPath: /queue}]
  >   volumes: [{name: q, persistentVolumeClaim: {claimName: queue}}]
  > ---
  > apiVersion: batch/v1
  > kind: Job
  > metadata: {name: workers}
  > spec:
  >   parallelism: 2
  >   template:
  >     spec:
  >       restartPolicy: OnFailure
  >       containers:
  >       - name: c
  >         image: busybox
  >         command:
  >         - sh
  >         - -c
  >         - |
  >           sleep 5
  >           for f in $(ls /queue); do
  >             mv /queue/$f /tmp/ 2>/dev/null || continue
  >             echo "processed $f"
  >             sleep 2
  >           done
  >         volumeMounts: [{name: q, mountPath: /queue}]
  >       volumes: [{name: q, persistentVolumeClaim: {claimName: queue}}]
  > E
  $ kubectl wait --for=condition=Complete job/workers
  $ kubectl logs -l batch.kubernetes.io/job-name=workers --tail=-1 | sort
