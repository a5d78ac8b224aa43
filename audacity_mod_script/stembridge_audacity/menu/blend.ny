@COMMON@
;; The watcher finds the separations of the selected region; without a selection, the newest ones.
(defun sb-blend ()
  (let ((name (string-trim " " stem)))
    (cond ((string= name "") "Which stem? Write its name, such as vocals.")
          ((sb-request (sb-new-id) "blend"
             (format nil ",\"stem\":~a,\"method\":\"~a\",\"models\":[~a],\"original\":\"~a\",\"selection\":{\"start\":~a,\"end\":~a}"
               (sb-text name)
               (nth method '("average" "min" "max"))
               (sb-join (mapcar #'sb-text (sb-words models '(#\;) t)) ",")
               (nth original '("leave" "mute" "replace"))
               (sb-number (get '*selection* 'start))
               (sb-number (get '*selection* 'end))))
           (sb-noted "Your request waits."))
          (t (sb-no-folder)))))

(sb-guarded (sb-blend))
