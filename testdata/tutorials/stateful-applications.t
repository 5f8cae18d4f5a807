# Cassandra's ring and a blog: what their pods need is there, what their programs say is not simulated.
# kctl: seed=1 profile=minikube

  $ kubectl apply -f - <<'X'
  > apiVersion: v1
  > kind: Service
  > metadata: {labels: {app: cassandra}, name: cassandra}
  > spec: {clusterIP: None, ports: [{port: 9042}], selector: {app: cassandra}}
  > ---
  > apiVersion: apps/v1
  > kind: StatefulSet
  > metadata: {name: cassandra, labels: {app: cassandra}}
  > spec:
  >   serviceName: cassandra
  >   replicas: 3
  >   selector: {matchLabels: {app: cassandra}}
  >   template:
  >     metadata: {labels: {app: cassandra}}
  >     spec:
  >       terminationGracePeriodSeconds: 500
  >       containers:
  >       - name: cassandra
  >         image: gcr.io/google-samples/cassandra:v13
  >         imagePullPolicy: Always
  >         ports: [{containerPort: 7000, name: intra-node}, {containerPort: 9042, name: cql}]
  >         resources: {limits: {cpu: 500m, memory: 1Gi}, requests: {cpu: 500m, memory: 1Gi}}
  >         securityContext: {capabilities: {add: [IPC_LOCK]}}
  >         lifecycle: {preStop: {exec: {command: [/bin/sh, -c, nodetool drain]}}}
  >         env: [{name: CASSANDRA_SEEDS, value: cassandra-0.cassandra.default.svc.cluster.local}, {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
  >         readinessProbe: {exec: {command: [/bin/bash, -c, /ready-probe.sh]}, initialDelaySeconds: 15, timeoutSeconds: 5}
  >         volumeMounts: [{name: cassandra-data, mountPath: /cassandra_data}]
  >   volumeClaimTemplates:
  >   - metadata: {name: cassandra-data}
  >     spec: {accessModes: [ReadWriteOnce], storageClassName: fast, resources: {requests: {storage: 1Gi}}}
  > ---
  > kind: StorageClass
  > apiVersion: storage.k8s.io/v1
  > metadata: {name: fast}
  > provisioner: k8s.io/minikube-hostpath
  > parameters: {type: pd-ssd}
  > X
  service/cassandra created
  statefulset.apps/cassandra created
  storageclass.storage.k8s.io/fast created
  $ kubectl rollout status statefulset/cassandra | tail -1
  partitioned roll out complete: 3 new pods have been updated...
  $ kubectl get pods -l="app=cassandra"
  NAME          READY   STATUS    RESTARTS   AGE
  cassandra-0   1/1     Running   0          52s
  cassandra-1   1/1     Running   0          34s
  cassandra-2   1/1     Running   0          17s
  $ kubectl get storageclass fast
  NAME   PROVISIONER                RECLAIMPOLICY   VOLUMEBINDINGMODE   ALLOWVOLUMEEXPANSION   AGE
  fast   k8s.io/minikube-hostpath   Delete          Immediate           false                  52s
  $ kubectl exec cassandra-0 -- sh -c 'nodetool status' 2>/dev/null || echo nodetool is not simulated
  nodetool is not simulated
  $ kubectl exec cassandra-1 -- sh -c 'echo $POD_IP; getent hosts cassandra-0.cassandra'
  10.244.0.4
  10.244.0.3      cassandra-0.cassandra.default.svc.cluster.local
  $ EDITOR='sed -i "s/^  replicas: 3/  replicas: 4/"' kubectl edit statefulset cassandra
  statefulset.apps/cassandra edited
  $ kubectl rollout status statefulset/cassandra | tail -1
  partitioned roll out complete: 4 new pods have been updated...
  $ kubectl get statefulset cassandra
  NAME        READY   AGE
  cassandra   4/4     69s
  $ grace=$(kubectl get pod cassandra-0 -o=jsonpath='{.spec.terminationGracePeriodSeconds}'); kubectl delete statefulset -l app=cassandra; kctl clock advance ${grace}s >/dev/null
  statefulset.apps "cassandra" deleted from default namespace
  $ kubectl delete persistentvolumeclaim -l app=cassandra && kubectl delete service -l app=cassandra
  persistentvolumeclaim "cassandra-data-cassandra-0" deleted from default namespace
  persistentvolumeclaim "cassandra-data-cassandra-1" deleted from default namespace
  persistentvolumeclaim "cassandra-data-cassandra-2" deleted from default namespace
  persistentvolumeclaim "cassandra-data-cassandra-3" deleted from default namespace
  service "cassandra" deleted from default namespace
# WordPress and its database, from a kustomization with a generated Secret.
  $ cat <<EOF >./kustomization.yaml
  > secretGenerator:
  > - name: mysql-pass
  >   literals:
  >   - password=YOUR_PASSWORD
  > EOF
  $ cat >mysql-deployment.yaml <<'X'
  > apiVersion: v1
  > kind: Service
  > metadata: {name: wordpress-mysql, labels: {app: wordpress}}
  > spec: {ports: [{port: 3306}], selector: {app: wordpress, tier: mysql}, clusterIP: None}
  > ---
  > apiVersion: v1
  > kind: PersistentVolumeClaim
  > metadata: {name: mysql-pv-claim, labels: {app: wordpress}}
  > spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 20Gi}}}
  > ---
  > apiVersion: apps/v1
  > kind: Deployment
  > metadata: {name: wordpress-mysql, labels: {app: wordpress}}
  > spec:
  >   selector: {matchLabels: {app: wordpress, tier: mysql}}
  >   strategy: {type: Recreate}
  >   template:
  >     metadata: {labels: {app: wordpress, tier: mysql}}
  >     spec:
  >       containers:
  >       - image: mysql:8.0
  >         name: mysql
  >         env:
  >         - {name: MYSQL_ROOT_PASSWORD, valueFrom: {secretKeyRef: {name: mysql-pass, key: password}}}
  >         - {name: MYSQL_DATABASE, value: wordpress}
  >         ports: [{containerPort: 3306, name: mysql}]
  >         volumeMounts: [{name: mysql-persistent-storage, mountPath: /var/lib/mysql}]
  >       volumes: [{name: mysql-persistent-storage, persistentVolumeClaim: {claimName: mysql-pv-claim}}]
  > X
  $ cat >wordpress-deployment.yaml <<'X'
  > apiVersion: v1
  > kind: Service
  > metadata: {name: wordpress, labels: {app: wordpress}}
  > spec: {ports: [{port: 80}], selector: {app: wordpress, tier: frontend}, type: LoadBalancer}
  > ---
  > apiVersion: v1
  > kind: PersistentVolumeClaim
  > metadata: {name: wp-pv-claim, labels: {app: wordpress}}
  > spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 20Gi}}}
  > ---
  > apiVersion: apps/v1
  > kind: Deployment
  > metadata: {name: wordpress, labels: {app: wordpress}}
  > spec:
  >   selector: {matchLabels: {app: wordpress, tier: frontend}}
  >   strategy: {type: Recreate}
  >   template:
  >     metadata: {labels: {app: wordpress, tier: frontend}}
  >     spec:
  >       containers:
  >       - image: wordpress:6.2.1-apache
  >         name: wordpress
  >         env:
  >         - {name: WORDPRESS_DB_HOST, value: wordpress-mysql}
  >         - {name: WORDPRESS_DB_PASSWORD, valueFrom: {secretKeyRef: {name: mysql-pass, key: password}}}
  >         ports: [{containerPort: 80, name: wordpress}]
  >         volumeMounts: [{name: wordpress-persistent-storage, mountPath: /var/www/html}]
  >       volumes: [{name: wordpress-persistent-storage, persistentVolumeClaim: {claimName: wp-pv-claim}}]
  > X
  $ cat <<EOF >>./kustomization.yaml
  > resources:
  >   - mysql-deployment.yaml
  >   - wordpress-deployment.yaml
  > EOF
  $ kubectl apply -k ./
  secret/mysql-pass-5m26tmdb5k created
  service/wordpress created
  service/wordpress-mysql created
  persistentvolumeclaim/mysql-pv-claim created
  persistentvolumeclaim/wp-pv-claim created
  deployment.apps/wordpress created
  deployment.apps/wordpress-mysql created
  $ kubectl rollout status deployment/wordpress | tail -1
  deployment "wordpress" successfully rolled out
  $ kubectl get secrets
  NAME                    TYPE     DATA   AGE
  mysql-pass-5m26tmdb5k   Opaque   1      3s
  $ kubectl get pvc | awk '{print $1, $2, $4}'
  NAME STATUS CAPACITY
  mysql-pv-claim Bound 20Gi
  wp-pv-claim Bound 20Gi
  $ kubectl get services wordpress
  NAME        TYPE           CLUSTER-IP      EXTERNAL-IP   PORT(S)        AGE
  wordpress   LoadBalancer   10.98.131.179   <pending>     80:30042/TCP   3s
  $ kubectl run ask -i -q --image=radial/busyboxplus:curl --restart=Never --rm -- curl -sI http://wordpress/ | head -1
  HTTP/1.1 501 Not Implemented\r (esc)
  $ kubectl exec deploy/wordpress -- env | grep WORDPRESS_DB_P
  WORDPRESS_DB_PASSWORD=YOUR_PASSWORD
  $ kubectl delete -k ./
  secret "mysql-pass-5m26tmdb5k" deleted from default namespace
  service "wordpress" deleted from default namespace
  service "wordpress-mysql" deleted from default namespace
  persistentvolumeclaim "mysql-pv-claim" deleted from default namespace
  persistentvolumeclaim "wp-pv-claim" deleted from default namespace
  deployment.apps "wordpress" deleted from default namespace
  deployment.apps "wordpress-mysql" deleted from default namespace
