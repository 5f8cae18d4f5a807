# Jobs: one that calculates, many from a template, workers that find each other, and what becomes of failures.
# kctl: seed=1 profile=kind nodes=3

  $ kubectl create job pi --image=perl:5.34.0 -- perl -Mbignum=bpi -wle 'print bpi(2000)'
  job.batch/pi created
  $ kubectl wait --for=condition=Complete job/pi
  job.batch/pi condition met
  $ kubectl logs jobs/pi | cut -c1-52
  3.14159265358979323846264338327950288419716939937510
  $ kubectl logs jobs/pi | wc -c
  2002
# Jobs from a template.
  $ cat > job-tmpl.yaml <<'E'
  > apiVersion: batch/v1
  > kind: Job
  > metadata: {name: process-item-$ITEM, labels: {jobgroup: jobexample}}
  > spec:
  >   template:
  >     metadata: {name: jobexample, labels: {jobgroup: jobexample}}
  >     spec:
  >       containers: [{name: c, image: 'busybox:1.28', command: [sh, -c, echo Processing item $ITEM && sleep 5]}]
  >       restartPolicy: Never
  > E
  $ mkdir ./jobs && for i in apple banana cherry
  > do
  >   cat job-tmpl.yaml | sed "s/\$ITEM/$i/" > ./jobs/job-$i.yaml
  > done
  $ kubectl create -f ./jobs
  job.batch/process-item-apple created
  job.batch/process-item-banana created
  job.batch/process-item-cherry created
  $ kctl clock advance 15s >/dev/null; kubectl get jobs -l jobgroup=jobexample
  NAME                  STATUS     COMPLETIONS   DURATION   AGE
  process-item-apple    Complete   1/1           7s         15s
  process-item-banana   Complete   1/1           7s         15s
  process-item-cherry   Complete   1/1           7s         15s
  $ kubectl logs -f -l jobgroup=jobexample
  Processing item apple
  Processing item banana
  Processing item cherry
  $ kubectl delete job -l jobgroup=jobexample
  job.batch "process-item-apple" deleted from default namespace
  job.batch "process-item-banana" deleted from default namespace
  job.batch "process-item-cherry" deleted from default namespace
# Workers that reach each other by their host names.
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Service
  > metadata: {name: headless-svc}
  > spec: {clusterIP: None, selector: {job-name: example-job}}
  > ---
  > apiVersion: batch/v1
  > kind: Job
  > metadata: {name: example-job}
  > spec:
  >   completions: 3
  >   parallelism: 3
  >   completionMode: Indexed
  >   template:
  >     spec:
  >       subdomain: headless-svc
  >       restartPolicy: Never
  >       containers:
  >       - name: example-workload
  >         image: bash:latest
  >         command:
  >         - bash
  >         - -c
  >         - |
  >           for i in 0 1 2; do
  >             until ping -c 1 example-job-${i}.headless-svc > /dev/null 2>&1; do
  >               echo "Failed to ping pod example-job-${i}.headless-svc, retrying in 1 second..."
  >               sleep 1
  >             done
  >             echo "Successfully pinged pod: example-job-${i}.headless-svc"
  >           done
  > E
  service/headless-svc created
  job.batch/example-job created
  $ kubectl wait --for=condition=Complete job/example-job
  job.batch/example-job condition met
  $ kubectl logs -l batch.kubernetes.io/job-completion-index=0,job-name=example-job
  Failed to ping pod example-job-0.headless-svc, retrying in 1 second...
  Successfully pinged pod: example-job-0.headless-svc
  Successfully pinged pod: example-job-1.headless-svc
  Successfully pinged pod: example-job-2.headless-svc
# A disruption does not count as a failure, if the policy says so.
  $ kubectl create -f - <<'E'
  > apiVersion: batch/v1
  > kind: Job
  > metadata: {name: ignore}
  > spec:
  >   completions: 4
  >   parallelism: 2
  >   template:
  >     spec:
  >       restartPolicy: Never
  >       containers: [{name: main, image: 'docker.io/library/bash:5', command: [bash], args: [-c, 'echo hi && sleep 90 && exit 0']}]
  >   backoffLimit: 0
  >   podFailurePolicy: {rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}
  > E
  job.batch/ignore created
  $ kctl clock advance 10s >/dev/null; nodeName=$(kubectl get pods -l job-name=ignore -o jsonpath='{.items[0].spec.nodeName}')
  $ kubectl drain nodes/$nodeName --ignore-daemonsets --grace-period=0 2>/dev/null | grep -c 'pod/ignore.* evicted'
  1
  $ kubectl get job ignore -o jsonpath='{.status.failed}{"\n"}'
  
  $ kubectl uncordon nodes/$nodeName >/dev/null; kubectl wait --for=condition=Complete job/ignore --timeout=10m
  job.batch/ignore condition met
# A condition of one's own tells that trying again is no use.
  $ kubectl create -f - <<'E'
  > apiVersion: batch/v1
  > kind: Job
  > metadata: {name: config-issue}
  > spec:
  >   completions: 8
  >   parallelism: 2
  >   template:
  >     spec:
  >       restartPolicy: Never
  >       containers: [{name: main, image: 'non-existing-repo/non-existing-image:example'}]
  >   podFailurePolicy: {rules: [{action: FailJob, onPodConditions: [{type: ConfigIssue}]}]}
  > E
  job.batch/config-issue created
  $ kctl clock advance 20s >/dev/null; kubectl get pods -l job-name=config-issue
  NAME                 READY   STATUS             RESTARTS   AGE
  config-issue-jmgbs   0/1     ImagePullBackOff   0          20s
  config-issue-wxwpz   0/1     ImagePullBackOff   0          20s
  $ podName=$(kubectl get pods -l job-name=config-issue -o jsonpath='{.items[0].metadata.name}')
  $ kubectl patch pod $podName --subresource=status -p '{"status": {"conditions": [{"type": "ConfigIssue", "status": "True"}]}}'
  pod/config-issue-jmgbs patched
  $ kubectl delete pods/$podName
  pod "config-issue-jmgbs" deleted from default namespace
  $ kubectl get job config-issue -o jsonpath='{.status.conditions[?(@.type=="Failed")].message}{"\n"}' | sed "s/$podName/POD/"
  Pod default/POD has condition ConfigIssue matching FailJob rule at index 0
# A job every minute.
  $ kubectl create cronjob hello --image=busybox:1.28 --schedule='* * * * *' -- /bin/sh -c 'date; echo Hello from the Kubernetes cluster'
  cronjob.batch/hello created
  $ kctl clock advance 2m >/dev/null; kubectl get jobs -o name | grep -c hello
  2
  $ kubectl logs $(kubectl get jobs -o name | grep hello | head -1) | tail -1
  Hello from the Kubernetes cluster
  $ kubectl delete cronjob hello
  cronjob.batch "hello" deleted from default namespace
