@COMMON@
;; The watcher writes the question that is open into this file, and into the head the choices.
(setf sb-question "@QUESTION@")
(setf sb-keys '@KEYS@)

(sb-guarded
  (cond ((or (string= sb-question "") (= which 0)) "")
        ((sb-request (sb-new-id) "answer"
           (format nil ",\"question\":~a,\"choice\":~a" (sb-text sb-question) (sb-text (nth which sb-keys))))
         (sb-noted "Your answer waits."))
        (t (sb-no-folder))))
