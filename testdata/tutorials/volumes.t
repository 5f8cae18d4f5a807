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
  $ kctl clock settle >/dev/null
  $ kubectl get pod two-containers
  $ kubectl exec two-containers -c nginx-container -- curl -s localhost
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
  $ kctl clock advance 30s >/dev/null
  $ kubectl exec small -- cat /cache/runs
  $ kubectl exec small -- sh -c 'dd if=/dev/zero of=/cache/big bs=1k count=2000; rm /cache/big'
  $ kubectl exec small -- df -h /cache
# Several sources in one volume.
  $ kubectl create secret generic user --from-literal=username=admin
  $ kubectl create configmap app --from-literal=mode=fast
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
  $ kubectl wait --for=condition=Ready pod/all
  $ kubectl exec all -- sh -c 'cd /projected-volume; ls; cat username my-group/mode labels; echo; cut -d. -f2 token | base64 -d 2>/dev/null | grep -o vault'
