@COMMON@
(defun sb-preset ()
  (let ((word (string-trim " " name)))
    (cond ((string= word "") "Which name? Write one, such as my-vocals.")
          ((sb-request (sb-new-id) "save"
             (format nil ",\"action\":\"~a\",\"name\":~a,\"title\":~a"
               (nth action '("save" "replace" "remove")) (sb-text word) (sb-text (string-trim " " title))))
           (sb-noted "Your wish waits."))
          (t (sb-no-folder)))))

(sb-guarded (sb-preset))
