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
  job.batch/indexed-job created
  $ kubectl wait --for=condition=Complete job/indexed-job
  job.batch/indexed-job condition met
  $ for i in 0 1 2 3 4; do kubectl logs -l batch.kubernetes.io/job-completion-index=$i -c worker; done
  oof
  rab
  zab
  xuq
  zyx
# A job that computes; one that fails by itself, and is tried again.
  $ kubectl create job sum --image=busybox -- sh -c 'seq 1 100 | awk "{s+=\$1} END {print s}"'
  job.batch/sum created
  $ kubectl wait --for=condition=Complete job/sum && kubectl logs job/sum
  job.batch/sum condition met
  5050
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
  job.batch/policy created
  $ kubectl wait --for=condition=Failed job/policy
  job.batch/policy condition met
  $ kubectl get job policy -o jsonpath='{.status.conditions[?(@.type=="Failed")].message}{"\n"}' | sed 's/policy-[a-z0-9]*/POD/'
  Container main for pod default/POD failed with exit code 42 matching FailJob rule at index 0
# A queue of work in a volume: each worker takes items until there are none.
  $ kubectl apply -f - <<'E'
  > apiVersion: storage.k8s.io/v1
  > kind: StorageClass
  > metadata: {name: standard, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
  > provisioner: rancher.io/local-path
  > volumeBindingMode: WaitForFirstConsumer
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
  storageclass.storage.k8s.io/standard created
  persistentvolumeclaim/queue created
  pod/fill created
  job.batch/workers created
  $ kubectl wait --for=condition=Complete job/workers
  job.batch/workers condition met
  $ kubectl logs -l batch.kubernetes.io/job-name=workers --tail=-1 | sort
  processed apple
  processed banana
  processed cherry
  processed date
  processed fig
  processed grape
  processed lemon
  processed melon
# A script in Python decides by the index whether it fails: each index is tried again once, and one exit code is final.
  $ kubectl apply -f - <<'E'
  > apiVersion: batch/v1
  > kind: Job
  > metadata: {name: indexes}
  > spec:
  >   completions: 5
  >   parallelism: 5
  >   completionMode: Indexed
  >   backoffLimitPerIndex: 1
  >   template:
  >     spec:
  >       restartPolicy: Never
  >       containers:
  >       - name: main
  >         image: python
  >         command:
  >         - python3
  >         - -c
  >         - |
  >           import os, sys
  >           index = int(os.environ.get("JOB_COMPLETION_INDEX"))
  >           print("Hello from", index)
  >           if index == 1:
  >             sys.exit(42)
  >           elif index % 2 == 0:
  >             sys.exit(1)
  >   podFailurePolicy:
  >     rules:
  >     - action: FailIndex
  >       onExitCodes: {containerName: main, operator: In, values: [42]}
  > E
  job.batch/indexes created
  $ kubectl wait --for=condition=Failed job/indexes
  job.batch/indexes condition met
  $ kubectl get job indexes -o jsonpath='{.status.completedIndexes}; {.status.failedIndexes}; {.status.failed}'
  3; 0-2,4; 7 (no-eol)
  $ kubectl logs -l job-name=indexes | sort | uniq -c
        2 Hello from 0
        1 Hello from 1
        2 Hello from 2
        1 Hello from 3
        2 Hello from 4
