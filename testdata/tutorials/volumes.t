# Volumes: shared between containers, limited, projected, and of a node.
# kctl: seed=1

  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: two-containers}
  > spec:
  >   restartPolicy: Never
  >   volumes: [{name: shared-data, emptyDir: {}}]
  >   containers:
  >   - name: nginx-container
  >     image: nginx
  >     volumeMounts: [{name: shared-data, mountPath: /usr/share/nginx/html}]
  >   - name: debian-container
  >     image: debian
  >     volumeMounts: [{name: shared-data, mountPath: /pod-data}]
  >     command: ["/bin/sh"]
  >     args: ["-c", "echo Hello from the debian container > /pod-data/index.html"]
  > E
  pod/two-containers created
  $ kctl clock settle >/dev/null
  $ kubectl get pod two-containers
  NAME             READY   STATUS     RESTARTS   AGE
  two-containers   1/2     NotReady   0          6s
  $ kubectl exec two-containers -c nginx-container -- curl -s localhost
  Hello from the debian container
# An emptyDir has a limit, and is as old as the pod, not as the container.
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: small}
  > spec:
  >   volumes: [{name: cache, emptyDir: {medium: Memory, sizeLimit: 1Mi}}]
  >   containers:
  >   - name: c
  >     image: busybox
  >     command: [sh, -c, 'echo run >> /cache/runs; sleep 20; exit 1']
  >     volumeMounts: [{name: cache, mountPath: /cache}]
  > E
  pod/small created
  $ kctl clock advance 30s >/dev/null
  $ kubectl exec small -- cat /cache/runs
  run
  run
  $ kubectl exec small -- sh -c 'dd if=/dev/zero of=/cache/big bs=1k count=2000; rm /cache/big'
  dd: error writing '/cache/big': No space left on device
  1024+0 records in
  1024+0 records out
  1047552 bytes (1023.0KB) copied, 0.000000 seconds, 0B/s
  $ kubectl exec small -- df -h /cache
  Filesystem                Size      Used Available Use% Mounted on
  tmpfs                     1.0M      4.0K   1020.0K   1% /cache
# Several sources in one volume.
  $ kubectl create secret generic user --from-literal=username=admin
  secret/user created
  $ kubectl create configmap app --from-literal=mode=fast
  configmap/app created
  $ kubectl apply -f - <<'E'
  > apiVersion: v1
  > kind: Pod
  > metadata: {name: all, labels: {a: b}}
  > spec:
  >   containers:
  >   - name: c
  >     image: busybox
  >     args: [sleep, "86400"]
  >     volumeMounts: [{name: all-in-one, mountPath: /projected-volume, readOnly: true}]
  >   volumes:
  >   - name: all-in-one
  >     projected:
  >       sources:
  >       - secret: {name: user}
  >       - configMap: {name: app, items: [{key: mode, path: my-group/mode}]}
  >       - downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}
  >       - serviceAccountToken: {path: token, expirationSeconds: 3600, audience: vault}
  > E
  pod/all created
  $ kubectl wait --for=condition=Ready pod/all
  pod/all condition met
  $ kubectl exec all -- sh -c 'cd /projected-volume; ls; cat username my-group/mode labels; echo; cut -d. -f2 token | base64 -d 2>/dev/null | grep -o vault'
  labels
  my-group
  token
  username
  adminfasta="b"
  vault
