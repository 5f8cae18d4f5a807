# Cassandra's ring, and a blog, whose pages are not simulated.
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
  >         env: [{name: CASSANDRA_SEEDS, value: cassandra-0.cassandra.default.svc.cluster.local}, {name: CASSANDRA_DC, value: DC1-K8Demo}, {name: CASSANDRA_RACK, value: Rack1-K8Demo}, {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
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
  $ kubectl exec cassandra-0 -- nodetool status
  Datacenter: DC1-K8Demo
  ======================
  Status=Up/Down
  |/ State=Normal/Leaving/Joining/Moving
  --  Address     Load       Tokens       Owns (effective)  Host ID                               Rack
  UN  10.244.0.4  2.34 KiB   32           61.2%             3938ef67-9342-40d1-9aeb-d0af4ecd13f9  Rack1-K8Demo
  UN  10.244.0.5  2.34 KiB   32           80.8%             141b6ac1-3e07-421f-9a83-4500b625ebab  Rack1-K8Demo
  UN  10.244.0.3  2.35 KiB   32           58.0%             682aa372-747f-47a5-88b9-fc9b449f2605  Rack1-K8Demo
  
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
# A node keeps its number when its pod is replaced, and is missed when it is gone.
  $ kubectl delete pod cassandra-1 --now
  pod "cassandra-1" deleted from default namespace
  $ kubectl scale statefulset cassandra --replicas=2
  statefulset.apps/cassandra scaled
  $ kubectl rollout status statefulset/cassandra | tail -1
  partitioned roll out complete: 4 new pods have been updated...
  $ kctl clock advance 10m >/dev/null
  $ kubectl exec cassandra-0 -- nodetool status | tail -6
  --  Address     Load       Tokens       Owns (effective)  Host ID                               Rack
  DN  10.244.0.5  3.12 KiB   32           54.9%             141b6ac1-3e07-421f-9a83-4500b625ebab  Rack1-K8Demo
  DN  10.244.0.6  3.12 KiB   32           53.8%             9ec73679-bc24-4ff4-ab8b-3ac73f486df2  Rack1-K8Demo
  UN  10.244.0.7  3.12 KiB   32           48.8%             3938ef67-9342-40d1-9aeb-d0af4ecd13f9  Rack1-K8Demo
  UN  10.244.0.3  3.12 KiB   32           42.4%             682aa372-747f-47a5-88b9-fc9b449f2605  Rack1-K8Demo
  
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
